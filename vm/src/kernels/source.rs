//! The source of a kernel, from Debian's archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use bpfapps_host::Release;
use bpfapps_task::progress::Step;
use bpfapps_task::{Series, out};

use super::debian::Archive;

/// Part of a kernel's source.
#[derive(Debug)]
pub struct Source {
    /// The kernel's version.
    pub version: Release,
    /// The root of the source, with the parts that were asked for.
    pub folder: PathBuf,
}

impl Source {
    /// Unpacks `parts`, such as `tools/include`, of the newest kernel of a series into `folder`, or
    /// all of it without any.
    pub fn unpack(series: &Series, parts: &[&str], folder: &Path) -> Result<Self> {
        let cache = super::cache()?;
        // a source is for every processor
        let archive = Archive::own(&cache)?;
        let packages = archive.sources()?;
        let package = packages.iter().rfind(|it| series.has(&it.version));
        let package = package.ok_or_else(|| {
            out::hinted(
                format!("the archive has no source of Linux {series}"),
                "give a series that it has: apt-cache search linux-source",
            )
        })?;
        let deb = cache.join("kernels").join(package.file_name("deb"));
        archive.fetch(package, &deb)?;

        let step = Step::start("unpacking the kernel's source");
        let spinner = step.spinner();
        let (a, b) = package.version.series();
        let root = format!("linux-source-{a}.{b}");
        let parts = parts.iter().map(|part| format!("{root}/{part}/*"));
        let mut wanted: Vec<_> = parts.collect();
        if wanted.is_empty() {
            wanted.push(root.clone());
        }
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        // a compressed archive in a package
        let script = "set -e; deb=$1 inner=$2 to=$3; shift 3\n\
            dpkg-deb --fsys-tarfile \"$deb\" | tar -xO \"$inner\" | tar -xJ -C \"$to\" --wildcards \"$@\"";
        let status = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&deb)
            .arg(format!("./usr/src/{root}.tar.xz"))
            .arg(folder)
            .args(&wanted)
            .status()
            .context("failed to run sh")?;
        spinner.finish_and_clear();
        step.end(status);
        let folder = folder.join(&root);
        if !status.success() || !folder.is_dir() {
            bail!("failed to unpack {}", deb.display());
        }
        Ok(Self {
            version: package.version.clone(),
            folder,
        })
    }
}
