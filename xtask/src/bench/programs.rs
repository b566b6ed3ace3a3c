//! The programs that are held against each other, all of one libbpf.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::c::C;
use super::tracer::Tracer;
use crate::cargo::Built;
use crate::dist;

/// A tracer of process starts and exits.
pub(super) struct Program {
    pub(super) label: &'static str,
    path: PathBuf,
    args: Vec<String>,
    /// What the line begins with that it prints once nothing is missed.
    pub(super) title: &'static str,
}

impl Program {
    pub(super) fn new(label: &'static str, path: impl Into<PathBuf>, title: &'static str) -> Self {
        Self {
            label,
            path: path.into(),
            args: Vec::new(),
            title,
        }
    }

    pub(super) fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    pub(super) fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(S::into));
        self
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        // also on a terminal a title is to be known
        command.args(&self.args).env("NO_COLOR", "1");
        command
    }

    pub(super) fn start(&self) -> Result<Tracer> {
        Tracer::start(&mut self.command(), self.title)
    }
}

/// What the title line of bootstrap's table begins with.
const TITLE: &str = "TIME ";

/// bootstrap as a program of `bpfapps`.
pub(super) fn bootstrap(bpfapps: PathBuf) -> Program {
    Program::new("bpfapps bootstrap", bpfapps, TITLE).args(["bootstrap"])
}

/// The number of the program that the others are held against.
pub(super) const BASE: usize = 2;

/// bootstrap as it ships, and what it takes to build the others.
pub(super) struct Programs {
    built: Built,
    pub(super) c: C,
}

impl Programs {
    pub(super) fn build() -> Result<Self> {
        let built = dist::build(&[])?;
        let folder = built.program.with_file_name("bench");
        let c = C::new(built.out_dir("libbpf-sys")?, folder)?;
        Ok(Self { built, c })
    }

    pub(super) fn bootstrap(&self) -> Program {
        bootstrap(self.built.program.clone())
    }

    /// Builds a C program around a small BPF object, which wakes its reader for each event.
    pub(super) fn small(&self) -> Result<Program> {
        let object = self.c.bpf_object("ready.bpf.c")?;
        let program = self.c.program("ready.c", "ready-small", Some(&object))?;
        Ok(Program::new("C, small BPF object", program, TITLE))
    }

    /// bootstrap, a C program around the very BPF object of bootstrap, and one around a small BPF
    /// object.
    pub(super) fn readers(&self) -> Result<[Program; BASE + 1]> {
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
