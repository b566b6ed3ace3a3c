//! `cargo xtask vm`: the kernel tests on real kernels, old and new, or a command or a shell there.
//! The machines are in a package behind the feature `vm`.

#[cfg(feature = "vm")]
mod machines;
#[cfg(feature = "vm")]
mod suite;

use std::ffi::OsString;
use std::path::PathBuf;
#[cfg(not(feature = "vm"))]
use std::process::ExitCode;

#[cfg(not(feature = "vm"))]
use anyhow::Result;
use bpfapps_task::{Arch, Series};

#[cfg(not(feature = "vm"))]
use crate::again;

#[cfg(feature = "vm")]
pub(crate) use machines::{run, test};

/// True if this program includes the machines.
pub(crate) const IS_HERE: bool = cfg!(feature = "vm");

/// The feature that brings them.
pub(crate) const FEATURE: &str = "vm";

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// The newest kernel of each of these series [default: 5.10,6.1,6.12,latest]
    #[arg(long = "kernel", value_name = "SERIES", value_delimiter = ',')]
    series: Vec<Series>,
    /// The processor of the kernels: amd64 or arm64 [default: that of this machine]
    #[arg(long, value_name = "ARCH")]
    arch: Option<Arch>,
    /// Only the tests of these packages of the workspace, none of templates [default: all tests]
    #[arg(short, long = "package", value_name = "NAME", value_delimiter = ',')]
    packages: Vec<String>,
    /// A kernel of your own, a bzImage, or an Image for arm64; may be given again
    #[arg(long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// Execution by QEMU
    #[arg(long, value_enum, default_value_t)]
    accel: Accel,
    /// Do without the kernels that can not be had
    #[arg(long)]
    if_available: bool,
    /// Format of the results of tests
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Write the results of tests to FILE as well, as JUnit does
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Copy FILE to /files in the machines; may be given again
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run this in place of the tests; with `--` alone it is a shell
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

impl Options {
    /// The tests on these kernels, or on the usual ones where none is named.
    pub(crate) fn of(series: &[Series]) -> Self {
        Self {
            series: series.to_vec(),
            ..Self::default()
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Accel {
    /// Translate its code: slow, and works everywhere
    #[default]
    Tcg,
    /// Run it on this processor, through /dev/kvm
    Kvm,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    #[default]
    /// Kernels across, tests down
    Table,
    Json,
    /// Kernels across, packages down: for a README
    Markdown,
}

/// The results of all tests on all machines.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

#[cfg(not(feature = "vm"))]
pub(crate) fn run(_: &Options) -> Result<ExitCode> {
    Err(again::with(FEATURE))
}

#[cfg(not(feature = "vm"))]
pub(crate) fn test(_: &Options) -> Result<Sum> {
    Err(again::with(FEATURE))
}
