//! The C files of a workspace, whether git knows of it or not.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Marks a folder with generated content, such as cargo's target folder.
const MADE: &str = "CACHEDIR.TAG";

/// The C files below `root` that are written by hand, sorted and relative to it, without paths that
/// start with one of `ignored`.
pub(super) fn c_files(root: &Path, ignored: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        let reading = || format!("failed to list {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if entry.file_type().with_context(reading)?.is_dir() {
                if !name.starts_with('.') && !path.join(MADE).exists() {
                    pending.push(path);
                }
            } else if name.ends_with(".bpf.c") || name.ends_with(".h") {
                let path = path.strip_prefix(root).unwrap_or(&path);
                if !ignored.iter().any(|folder| path.starts_with(folder)) {
                    files.push(path.to_owned());
                }
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_not_what_is_written() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let made = "built/CACHEDIR.TAG";
        for file in [
            "a/x.bpf.c",
            "x.h",
            "x.c",
            "built/y.h",
            ".git/y.h",
            "no/y.h",
            made,
        ] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().context("a folder")?)?;
            fs::write(file, "")?;
        }
        let found = c_files(folder.path(), &["no"])?;
        assert_eq!(found, ["a/x.bpf.c", "x.h"].map(PathBuf::from));
        Ok(())
    }
}
