//! What binaries are built for: this machine, or one with another processor.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Result, anyhow};
use bpfapps_task::workspace::Workspace;
use bpfapps_task::{Arch, cache};

use crate::dist::host;

/// What a binary is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// This machine.
    #[default]
    Here,
    /// A machine with another processor.
    Other(Arch),
}

impl Target {
    /// That of a processor; without one it is this machine.
    pub fn of(arch: Option<Arch>) -> Self {
        match arch {
            Some(arch) if Some(arch) != Arch::here() => Self::Other(arch),
            _ => Self::Here,
        }
    }

    /// The processor.
    ///
    /// # Errors
    ///
    /// This machine has one that is not known.
    pub fn arch(self) -> Result<Arch> {
        match self {
            Self::Other(arch) => Ok(arch),
            Self::Here => {
                Arch::here().ok_or_else(|| anyhow!("this machine is neither amd64 nor arm64"))
            }
        }
    }

    /// rustc's name for it.
    ///
    /// # Errors
    ///
    /// cargo does not answer.
    pub fn triple(self) -> Result<String> {
        match self {
            Self::Here => host(),
            Self::Other(arch) => Ok(arch.triple().to_owned()),
        }
    }

    /// The folder below target/ for what is made of its binaries.
    ///
    /// # Errors
    ///
    /// There is no workspace.
    pub fn folder(self) -> Result<PathBuf> {
        let target = Workspace::here()?.target();
        Ok(match self {
            Self::Here => target.to_owned(),
            Self::Other(arch) => target.join(arch.triple()),
        })
    }

    /// The C compiler, which the `CC` variable may choose, or `CC_TRIPLE` as for the cc crate.
    pub fn compiler(self) -> Command {
        let (chosen, usual) = match self {
            Self::Here => (env::var("CC"), "cc".to_owned()),
            Self::Other(arch) => (
                env::var(format!("CC_{}", variable(arch))),
                format!("{}-gcc", arch.gnu()),
            ),
        };
        let chosen = chosen.unwrap_or_default();
        // `CC="ccache gcc"` is a habit that the cc crate supports too
        let mut words = chosen.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(&usual));
        command.args(words);
        command
    }

    /// rustc, with a standard library for it if there is one.
    pub(crate) fn rustc(self) -> OsString {
        let chosen = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        match self {
            Self::Other(arch) if !builds(&chosen, arch) => {
                kept(arch).map_or(chosen, PathBuf::into_os_string)
            }
            _ => chosen,
        }
    }

    /// True if rustc has its standard library.
    pub(crate) fn has_library(self) -> bool {
        match self {
            Self::Here => true,
            Self::Other(arch) => builds(&self.rustc(), arch),
        }
    }

    /// What a `cargo build` for it needs to be told besides `--target`.
    pub(crate) fn prepare(self, command: &mut Command) {
        let Self::Other(arch) = self else {
            return;
        };
        command.env("RUSTC", self.rustc());
        let linker = format!(
            "CARGO_TARGET_{}_LINKER",
            variable(arch).to_ascii_uppercase()
        );
        if env::var_os(&linker).is_none() {
            command.env(linker, self.compiler().get_program());
        }
    }

    /// The start of a command that runs a program built for it.
    pub(crate) fn run(self, program: &Path) -> Command {
        match self {
            Self::Here => Command::new(program),
            Self::Other(arch) => {
                let mut qemu = Command::new(format!("qemu-{}", arch.rust()));
                qemu.arg(program);
                qemu
            }
        }
    }
}

/// A target with glibc, for clap.
pub(crate) fn parse(triple: &str) -> Result<Arch, String> {
    Arch::of_triple(triple)
}

/// A target as it is part of the names of variables.
fn variable(arch: Arch) -> String {
    arch.triple().replace('-', "_")
}

/// The rustc of Debian that `setup` keeps where rustup has no standard library.
fn kept(arch: Arch) -> Option<PathBuf> {
    let rustc = cache::folder().ok()?.join(format!("rust-{arch}/rustc"));
    rustc.is_file().then_some(rustc)
}

/// True if a rustc has the standard library of a processor.
fn builds(rustc: &OsString, arch: Arch) -> bool {
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", arch.triple()])
        .output();
    let Ok(asked) = asked else {
        return false;
    };
    let folder = String::from_utf8_lossy(&asked.stdout);
    let mut files = fs::read_dir(folder.trim()).into_iter().flatten();
    files.any(|file| file.is_ok_and(|it| it.file_name().to_string_lossy().starts_with("libstd-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_processor_is_no_other_one() {
        assert_eq!(Target::of(None), Target::Here);
        assert_eq!(Target::of(Arch::here()), Target::Here);
        for arch in Arch::ALL {
            assert_eq!(Target::of(Some(arch)).arch().ok(), Some(arch));
        }
    }

    #[test]
    fn standard_library_is_looked_for() {
        let here = Arch::here().expect("a known processor");
        assert!(builds(&"rustc".into(), here));
        assert!(!builds(&"no-such-rustc".into(), here));
    }
}
