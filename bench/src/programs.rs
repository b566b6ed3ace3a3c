//! The programs that are held against each other, all of one libbpf.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use bpfapps_task::cargo::Built;
use bpfapps_xtask::dist;
use bpfapps_xtask::target::Target;

use crate::c::C;
use crate::tracer::Tracer;

/// A tracer of process starts and exits.
pub(crate) struct Program {
    pub(crate) label: &'static str,
    path: PathBuf,
    args: Vec<String>,
    /// The start of the line that shows that no event is missed from now on.
    pub(crate) title: &'static str,
}

impl Program {
    pub(crate) fn new(label: &'static str, path: impl Into<PathBuf>, title: &'static str) -> Self {
        Self {
            label,
            path: path.into(),
            args: Vec::new(),
            title,
        }
    }

    pub(crate) fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    pub(crate) fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(S::into));
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        // the title must be recognized on a terminal too
        command.args(&self.args).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn start(&self) -> Result<Tracer> {
        Tracer::start(&mut self.command(), self.title)
    }
}

/// The start of the title line of bootstrap's table.
const TITLE: &str = "TIME ";

/// bootstrap as a program of `bpfapps`.
pub(crate) fn bootstrap(bpfapps: PathBuf) -> Program {
    Program::new("bpfapps bootstrap", bpfapps, TITLE).args(["bootstrap"])
}

/// The number of the program that the others are held against.
pub(crate) const BASE: usize = 2;

/// bootstrap as shipped, and the means to build the other programs.
pub(crate) struct Programs {
    built: Built,
    pub(crate) c: C,
}

impl Programs {
    pub(crate) fn build() -> Result<Self> {
        let built = dist::build(Target::Here, &[], true)?;
        let folder = built.program.with_file_name("bench");
        let c = C::new(built.out_dir("libbpf-sys")?, folder)?;
        Ok(Self { built, c })
    }

    pub(crate) fn bootstrap(&self) -> Program {
        bootstrap(self.built.program.clone())
    }

    /// Another app of the binary that ships.
    pub(crate) fn app(&self, name: &'static str, title: &'static str) -> Program {
        Program::new(name, self.built.program.clone(), title).args([name])
    }

    /// Builds a C program around a small BPF object, which wakes its reader for each event.
    pub(crate) fn small(&self) -> Result<Program> {
        let object = self.c.bpf_object("ready.bpf.c")?;
        let program = self.c.program("ready.c", "ready-small", Some(&object))?;
        Ok(Program::new("C, small BPF object", program, TITLE))
    }

    /// bootstrap, a C program around the very BPF object of bootstrap, and one around a small BPF
    /// object.
    pub(crate) fn readers(&self) -> Result<[Program; BASE + 1]> {
        let object = self.built.out_dir("bpfapps-bootstrap")?;
        let object = object.join("bootstrap.bpf.o");
        let same = self.c.program("ready.c", "ready-same", Some(&object))?;
        Ok([
            self.bootstrap(),
            Program::new("C, BPF object of bootstrap", same, TITLE),
            self.small()?,
        ])
    }
}
