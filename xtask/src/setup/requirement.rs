//! A requirement of a task.

use bpfapps_task::Arch;

use super::manager::Manager;

/// The purpose of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// `cargo build` and `cargo xtask run`
    Build,
    /// `cargo xtask test`
    Test,
    /// `cargo xtask dist`
    Dist,
    /// `cargo xtask vm`
    Vm,
    /// `cargo xtask bench storm`
    Bench,
    /// `cargo xtask test` with a deny.toml
    Deny,
    /// Making the book: `docs`.
    Docs,
    /// `cargo xtask corpus`
    Corpus,
    /// `cargo xtask btf kernel`
    Kernel,
}

impl Stage {
    /// True if this stage includes the requirements of another one.
    pub(super) fn takes(self, other: Self) -> bool {
        let boots = self == Self::Vm || self == Self::Corpus;
        let builds_statically = boots && other == Self::Dist;
        let boots_as_well = self == Self::Corpus && other == Self::Vm;
        other == self || other == Self::Build || builds_statically || boots_as_well
    }

    /// True if it is so large that only the task that needs it installs it.
    pub(super) fn is_large(self) -> bool {
        matches!(
            self,
            Self::Vm | Self::Bench | Self::Deny | Self::Docs | Self::Corpus | Self::Kernel
        )
    }
}

/// A way to detect a requirement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Probe {
    /// The C compiler compiles a file that includes this header.
    Header(&'static str),
    /// clang, or what `CLANG` names, is new enough and has the BPF target.
    Clang,
    /// These are all on PATH.
    Programs(&'static [&'static str]),
    /// It runs; rustup puts programs on PATH that only say that they are not
    /// installed.
    Runs(&'static str),
    /// The linker finds this static library.
    Archive(&'static str),
    /// A busybox on PATH is linked statically.
    Busybox,
    /// The linker finds the further libraries that a static libelf needs.
    BesideLibelf,
    /// rustc has the standard library of the target.
    RustLibrary,
}

/// A requirement.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) name: &'static str,
    /// Follows the name: "to compile BPF programs".
    pub(crate) why: &'static str,
    pub(crate) stage: Stage,
    pub(crate) probe: Probe,
    pub(crate) source: Source,
}

/// The source of a requirement.
#[derive(Debug)]
pub(crate) enum Source {
    /// A package of the system's, one entry a manager in the order of
    /// [`Manager::ALL`], or the reason why that system has none.
    Package([Result<&'static str, &'static str>; Manager::ALL.len()]),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// The standard library for a processor, from rustup or else from Debian.
    Target(Arch),
    /// A crate with a program, which cargo compiles.
    Cargo(&'static str),
}
