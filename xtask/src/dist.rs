//! `cargo xtask dist`: one binary to copy anywhere, and what belongs to it. Packages of it are
//! behind the feature `packages`.

mod build;
mod facts;
mod flags;
mod folder;
mod notices;
#[cfg(feature = "packages")]
mod pack;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_btf::Bundle;
use bpfapps_task::Arch;
use bpfapps_task::workspace::Workspace;

#[cfg(not(feature = "packages"))]
use crate::again;
use crate::out;
use crate::setup::{self, Stage};
use crate::target::{self, Target};

pub(crate) use build::host;
pub use build::{build, build_binary};
pub use facts::Facts;
#[cfg(feature = "vm")]
pub(crate) use flags::link_statically;
pub use folder::fill;
#[cfg(feature = "packages")]
pub use pack::pack;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build in this app; may be given again [default: every app]
    #[arg(long = "app", value_name = "NAME")]
    apps: Vec<String>,
    /// Build it for another processor: aarch64-unknown-linux-gnu [default: this machine]
    #[arg(long, value_name = "TRIPLE", value_parser = target::parse)]
    target: Option<Arch>,
    /// Build in a bundle of kernels' types, for kernels without BTF: see cargo xtask btf
    #[arg(long, value_name = "FILE")]
    btf_bundle: Option<PathBuf>,
    /// Pack it as well: packages of Debian or of RPM, an image for containers
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',')]
    formats: Vec<Format>,
}

/// What the folder is packed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A package for Debian and its relatives
    Deb,
    /// A package for Fedora, openSUSE and their relatives
    Rpm,
    /// An image for containers: a folder and an archive of it
    Oci,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    #[cfg(not(feature = "packages"))]
    if !options.formats.is_empty() {
        return Err(again::with("packages"));
    }
    let workspace = Workspace::here()?;
    for app in &options.apps {
        workspace.know(app)?;
    }
    let bundle = options.btf_bundle.as_deref().map(readable).transpose()?;
    let target = Target::of(options.target);
    setup::ensure_for(Stage::Dist, target)?;

    let built = build::build_with(target, &options.apps, true, bundle.as_deref())?;
    let folder = target.folder()?;
    let [dist, fresh] = ["dist", "dist.new"].map(|name| folder.join(name));
    remove(&fresh)?;
    let facts = Facts::of(workspace, target, &built.program)?;
    #[cfg_attr(not(feature = "packages"), expect(unused_mut))]
    let mut files = fill(&fresh, &built.program, &facts, built.libraries())?;
    #[cfg(feature = "packages")]
    files.extend(pack(&fresh, &facts, &options.formats)?);
    // replaced as a whole: nothing of an earlier choice of apps stays
    remove(&dist)?;
    fs::rename(&fresh, &dist).with_context(|| format!("failed to create {}", dist.display()))?;

    for file in files {
        let path = dist.join(file);
        let size = path.metadata().map_or(0, |file| file.len());
        let shown = path.strip_prefix(workspace.root()).unwrap_or(&path);
        out::result(format_args!("{size:>9} bytes  {}", shown.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A bundle by its whole path, if it is one: before minutes of building.
fn readable(bundle: &Path) -> Result<PathBuf> {
    let failed = || format!("failed to read {}", bundle.display());
    let bytes = fs::read(bundle).with_context(failed)?;
    Bundle::parse(&bytes)
        .with_context(|| format!("{} is not a bundle of BTF", bundle.display()))?;
    bundle.canonicalize().with_context(failed)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    Ok(())
}
