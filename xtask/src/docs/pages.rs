//! The pages of this workspace; the READMEs of templates belong to the rendered apps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::change::walk::walk;

/// Folders of pages, besides the root.
const FOLDERS: [&str; 2] = ["docs", "explain/pages"];

/// A page in a folder of other files.
const TEMPLATES: &str = "templates/README.md";

/// A page in Markdown.
pub(super) struct Page {
    pub(super) path: PathBuf,
    /// Its path from the root.
    pub(super) name: String,
    pub(super) text: String,
}

/// All pages, sorted by path.
pub(super) fn all(root: &Path) -> Result<Vec<Page>> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS {
        walk(root, Path::new(folder), &mut files)?;
    }
    let mut paths: Vec<_> = files.into_values().collect();
    for entry in fs::read_dir(root).context("failed to list the workspace")? {
        paths.push(entry?.path());
    }
    paths.extend(Some(root.join(TEMPLATES)).filter(|path| path.exists()));
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.sort();
    let page = |path: PathBuf| {
        Ok(Page {
            name: path.strip_prefix(root)?.display().to_string(),
            text: read(&path)?,
            path,
        })
    };
    paths.into_iter().map(page).collect()
}

pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}
