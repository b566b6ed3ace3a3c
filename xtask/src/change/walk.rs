//! All files below a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Adds the files of a folder to `files`, from their path in it to their whole path.
pub(crate) fn walk(
    folder: &Path,
    below: &Path,
    files: &mut BTreeMap<PathBuf, PathBuf>,
) -> Result<()> {
    let here = folder.join(below);
    let reading = || format!("failed to list {}", here.display());
    for entry in fs::read_dir(&here).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = below.join(entry.file_name());
        match entry.file_type().with_context(reading)?.is_dir() {
            true => walk(folder, &path, files)?,
            false => _ = files.insert(path, entry.path()),
        }
    }
    Ok(())
}
