//! The programs that are held against each other, all of one libbpf.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::tracer::Tracer;
use crate::{cargo, cc, dist, vmlinux};

/// A tracer of process starts and exits.
pub(super) struct Program {
    pub(super) label: &'static str,
    path: PathBuf,
    args: &'static [&'static str],
}

impl Program {
    pub(super) fn start(&self) -> Result<Tracer> {
        Tracer::start(Command::new(&self.path).args(self.args))
    }
}

/// bootstrap as a program of `bpfapps`.
pub(super) fn bootstrap(bpfapps: PathBuf) -> Program {
    Program {
        label: "bpfapps bootstrap",
        path: bpfapps,
        args: &["bootstrap"],
    }
}

/// The number of the program that the others are held against.
pub(super) const BASE: usize = 2;

/// Builds bootstrap as it ships, a C program around the very BPF object of
/// bootstrap, and one around a small BPF object.
pub(super) fn build() -> Result<[Program; BASE + 1]> {
    let built = dist::build(&[])?;
    let c = C {
        sources: cargo::root().join("xtask/bench"),
        libbpf: built.out_dir("libbpf-sys")?,
        folder: built.program.with_file_name("bench"),
    };
    fs::create_dir_all(&c.folder).context("failed to create a folder for C programs")?;

    let same = built.out_dir("bpfapps-bootstrap")?.join("bootstrap.bpf.o");
    let small = c.bpf_object("ready.bpf.c")?;
    let same = Program {
        label: "C, BPF object of bootstrap",
        path: c.program("ready.c", "ready-same", Some(&same))?,
        args: &[],
    };
    let small = Program {
        label: "C, small BPF object",
        path: c.program("ready.c", "ready-small", Some(&small))?,
        args: &[],
    };
    Ok([bootstrap(built.program), same, small])
}

/// From C sources to programs.
struct C<'a> {
    sources: PathBuf,
    libbpf: &'a Path,
    folder: PathBuf,
}

impl C<'_> {
    /// Compiles and links a static program, with `object` inside.
    fn program(&self, source: &str, name: &str, object: Option<&Path>) -> Result<PathBuf> {
        let program = self.folder.join(name);
        let mut command = cc::compiler();
        command.args(["-O2", "-Wall", "-static"]);
        if let Some(object) = object {
            command.arg(format!("-DOBJECT=\"{}\"", object.display()));
        }
        command
            .arg("-I")
            .arg(self.libbpf.join("include"))
            .arg("-o")
            .args([&program, &self.sources.join(source)])
            .arg("-L")
            .arg(self.libbpf)
            .arg("-L")
            .arg(cc::libelf_folder()?)
            .args(["-lbpf", "-lelf", "-lz"]);
        for library in cc::beside_libelf().unwrap_or_default() {
            command.arg(format!("-l{library}"));
        }
        run(&mut command)?;
        Ok(program)
    }

    /// Compiles BPF code as bpf-build does, DWARF left behind.
    fn bpf_object(&self, source: &str) -> Result<PathBuf> {
        let object = self.folder.join(source).with_extension("o");
        let compiled = object.with_extension("clang.o");
        let arch = vmlinux::this_arch();
        let types = cargo::root().join("bpf-build/include/vmlinux").join(arch);

        let mut clang = Command::new(env::var_os("CLANG").unwrap_or_else(|| "clang".into()));
        clang
            .args(["-g", "-O2", "-target", "bpf", "-Wall", "-c"])
            .arg(format!("-D__TARGET_ARCH_{arch}"))
            .args(["-fno-stack-protector", "-fms-extensions"])
            .args(["-Wno-microsoft-anon-tag", "-Wno-missing-declarations"])
            .arg("-I")
            .arg(self.libbpf.join("include"))
            .arg("-I")
            .arg(types)
            .arg("-o")
            .args([&compiled, &self.sources.join(source)]);
        run(&mut clang)?;

        let linker = self.program("link.c", "link", None)?;
        run(Command::new(linker).args([&object, &compiled]))?;
        Ok(object)
    }
}

/// Runs a compiler or the like, which is quiet unless something is wrong.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let ended = command.output();
    let ended = ended.with_context(|| format!("failed to run {name}"))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        bail!("{name} failed ({}):\n{}", ended.status, said.trim_end());
    }
    Ok(())
}
