//! Files out of Debian's packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bpfapps_task::{apt, out};

use super::debian::{Archive, Package};

impl Archive {
    /// Takes the first wanted file out of a package, in the same way.
    pub(crate) fn file(
        &self,
        package: &Package,
        to: &Path,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<()> {
        let deb = to.with_extension("deb");
        self.fetch(package, &deb)?;
        let work = fresh(to)?;
        extract(&deb, &work.join("content"))?;
        let file = find(&work.join("content"), wanted)
            .with_context(|| format!("{} lacks the file that is wanted", package.name))?;
        fs::rename(file, to).context("failed to write the cache")?;
        fs::remove_dir_all(&work).context("failed to clear the cache")
    }

    /// Downloads a package and all that it depends on into `folder`, as if nothing was installed.
    pub(crate) fn fetch_all(&self, name: &str, folder: &Path) -> Result<()> {
        let mut install = self.apt("apt-get");
        let archives = format!("Dir::Cache::Archives={}/", folder.display());
        install.args(["--quiet=2", "--yes", "--no-install-recommends"]);
        install.args(["--download-only", "--option", &archives]);
        install.args(["install", name]);
        let deadline = Instant::now() + apt::PATIENCE;
        let ended = apt::watch(&format!("downloading {name}"), install, deadline)?;
        if !ended.status.success() {
            out::note(ended.tail(8));
            bail!(
                "failed to download {name}: apt-get ended with {}",
                ended.status
            );
        }
        Ok(())
    }
}

/// Unpacks a package.
pub(crate) fn extract(deb: &Path, to: &Path) -> Result<()> {
    let status = Command::new("dpkg-deb")
        .arg("--extract")
        .args([deb, to])
        .status()
        .context("failed to run dpkg-deb")?;
    anyhow::ensure!(status.success(), "dpkg-deb ended with {status}");
    Ok(())
}

/// An empty folder beside `file`.
pub(super) fn fresh(file: &Path) -> Result<PathBuf> {
    let work = file.with_extension("part");
    if work.exists() {
        fs::remove_dir_all(&work).context("failed to clear the cache")?;
    }
    fs::create_dir_all(&work).context("failed to create the cache folder")?;
    Ok(work)
}

/// The first such file below a folder.
pub(super) fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).ok()?.filter_map(Result::ok) {
        let path = entry.path();
        if entry.file_type().ok()?.is_dir() {
            folders.push(path);
        } else if wanted(&path) {
            return Some(path);
        }
    }
    folders.iter().find_map(|folder| find(folder, wanted))
}
