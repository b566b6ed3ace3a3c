//! The embedded files, by their paths in the rendered folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use include_dir::{Dir, DirEntry, include_dir};

/// A folder for each kind.
pub(crate) static KINDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/kinds");

/// The files that every kind shares.
pub(crate) static SHARED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shared");

/// The files of a repository, without its apps.
pub(crate) static STANDALONE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/standalone");

/// What a binary is shipped with.
pub(crate) static DEPLOY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/deploy");

/// Ends the name of a file whose own would mean something here: cargo leaves each folder that has
/// a `Cargo.toml` out of an archive.
const SUFFIX: &str = ".jinja";

/// A rendered file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the rendered folder.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

/// Adds the texts of all files below `folder` to `files`, by their paths in it.
pub(crate) fn collect(
    folder: &Dir<'static>,
    files: &mut BTreeMap<PathBuf, &'static str>,
) -> Result<()> {
    let mut pending = vec![folder];
    while let Some(next) = pending.pop() {
        for entry in next.entries() {
            match entry {
                DirEntry::Dir(below) => pending.push(below),
                DirEntry::File(file) => {
                    let path = file.path();
                    let text = file.contents_utf8();
                    let text = text.with_context(|| format!("{} is no text", path.display()))?;
                    files.insert(target(path.strip_prefix(folder.path())?), text);
                }
            }
        }
    }
    Ok(())
}

fn target(path: &Path) -> PathBuf {
    let name = path.to_string_lossy();
    name.strip_suffix(SUFFIX).unwrap_or(&name).into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn on_disk(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                on_disk(&path, files);
            } else {
                let text = fs::read_to_string(&path).expect("text");
                files.insert(path, text);
            }
        }
    }

    #[test]
    fn what_is_embedded_is_what_lies_there() {
        for (name, embedded) in [
            ("kinds", &KINDS),
            ("shared", &SHARED),
            ("standalone", &STANDALONE),
            ("deploy", &DEPLOY),
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let mut there = BTreeMap::new();
            on_disk(&folder, &mut there);
            let there: BTreeMap<_, _> = there
                .iter()
                .map(|(path, text)| (target(path.strip_prefix(&folder).expect("below")), &**text))
                .collect();
            let mut files = BTreeMap::new();
            collect(embedded, &mut files).expect("texts");
            assert!(files == there, "{name}: run touch templates/build.rs");
        }
    }
}
