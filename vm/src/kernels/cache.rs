//! The folders for downloads.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use anyhow::{Context, Result};
use bpfapps_host::shell;
use bpfapps_task::out;
use nix::unistd::geteuid;

/// Creates the folders, writable only by the user: their files are booted, or run.
pub(super) fn make(folder: &Path, apt: &Path) -> Result<()> {
    for folder in [folder, apt, &folder.join("kernels")] {
        own(folder)?;
    }
    Ok(())
}

fn own(folder: &Path) -> Result<()> {
    let failed = || format!("failed to create {}", folder.display());
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(failed)?;
    let metadata = fs::symlink_metadata(folder).with_context(failed)?;
    let is_own = metadata.is_dir() && metadata.uid() == geteuid().as_raw();
    if is_own && metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(out::hinted(
        format!(
            "{} has kernels to boot, but another user owns it or can write to it",
            folder.display()
        ),
        format!(
            "remove it; it is created again: {}",
            shell::command(&["rm".as_ref(), "-r".as_ref(), folder.as_ref(),])
        ),
    ))
}
