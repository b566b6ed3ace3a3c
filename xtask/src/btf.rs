//! `cargo xtask btf`: what the apps read of the types of kernels, for kernels without BTF. Images of
//! kernels and packages are read behind the feature `btf`.

#[cfg(feature = "btf")]
mod folder;
#[cfg(feature = "btf")]
mod image;
#[cfg(feature = "btf")]
mod kernel;
#[cfg(feature = "btf")]
mod make;
#[cfg(feature = "btf")]
mod objects;
#[cfg(feature = "btf")]
mod sources;

use std::path::PathBuf;
#[cfg(not(feature = "btf"))]
use std::process::ExitCode;

#[cfg(not(feature = "btf"))]
use anyhow::Result;
use bpfapps_task::Series;

#[cfg(not(feature = "btf"))]
use crate::again;

#[cfg(feature = "btf")]
pub(crate) use make::run;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Write a file of a few kilobytes for each kernel, for the option --btf of the apps
    Min {
        #[command(flatten)]
        wanted: Wanted,
        /// The folder for the files [default: target/btf]
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
    /// Write one file for many kernels, from which an app takes that of the running kernel
    Bundle {
        #[command(flatten)]
        wanted: Wanted,
        /// The bundle [default: target/btf.bundle]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Build a small kernel without BTF in target/kernel, to try a bundle with; takes minutes
    Kernel {
        /// The newest kernel of this series, of Debian's
        #[arg(long, value_name = "SERIES", default_value = "6.12")]
        series: Series,
    },
}

/// Kernels, and what is to be read of them.
#[derive(Debug, clap::Args)]
#[group(id = "kernels", required = true, multiple = true, args = ["files", "folders", "packages"])]
struct Wanted {
    /// A kernel's BTF, its vmlinux or its image; may be given again
    #[arg(long = "btf", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A folder with a file ID/VERSION_ID/ARCHITECTURE/RELEASE.btf for each kernel, as BTFHub has it
    #[arg(long = "folder", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Debian's packages with a kernel, such as linux-image-6.1*-arm64; `*` stands for any characters
    #[arg(long = "package", value_name = "NAME")]
    packages: Vec<String>,
    /// For this app only; may be given again [default: every app]
    #[arg(long = "app", value_name = "NAME")]
    apps: Vec<String>,
    /// For these object files, and for no app
    #[arg(value_name = "OBJECT", conflicts_with = "apps")]
    objects: Vec<PathBuf>,
}

#[cfg(not(feature = "btf"))]
pub(crate) fn run(_: &Options) -> Result<ExitCode> {
    Err(again::with("btf"))
}
