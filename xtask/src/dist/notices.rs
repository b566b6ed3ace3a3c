//! The terms of all software in a binary: most demand that they go with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use toml_edit::{DocumentMut, Item};

use super::facts::Facts;

/// How the files are called that have the terms of a package.
const NAMES: [&str; 4] = ["license", "licence", "copying", "notice"];

#[derive(Serialize)]
struct Notices {
    license: String,
    /// Each with its version and its licence.
    libraries: BTreeSet<String>,
    terms: Vec<Terms>,
}

/// The words of a licence, and the libraries that come with them.
#[derive(Serialize)]
struct Terms {
    libraries: BTreeSet<String>,
    text: String,
}

/// The page with the terms of a binary with these libraries, which are named by their manifests.
pub(super) fn page<'a>(facts: &Facts, manifests: impl Iterator<Item = &'a Path>) -> Result<String> {
    let mut libraries = BTreeSet::new();
    let mut terms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for manifest in manifests {
        let line = line(manifest)?;
        let name = line.split(' ').next().unwrap_or_default();
        for text in texts(manifest)? {
            terms.entry(text).or_default().insert(name.to_owned());
        }
        libraries.insert(line);
    }
    let terms = terms.into_iter();
    let mut terms: Vec<_> = terms
        .map(|(text, libraries)| Terms { libraries, text })
        .collect();
    terms.sort_by(|a, b| a.libraries.cmp(&b.libraries));
    let license = facts.license.clone();
    let notices = Notices {
        license,
        libraries,
        terms,
    };
    facts.shipped.render("NOTICES", notices)
}

/// `serde 1.0.0: MIT OR Apache-2.0`.
fn line(manifest: &Path) -> Result<String> {
    let shown = || format!("failed to read {}", manifest.display());
    let text = fs::read_to_string(manifest).with_context(shown)?;
    let parsed: DocumentMut = text.parse().with_context(shown)?;
    let of = |key: &str| parsed.get("package")?.get(key).and_then(Item::as_str);
    // inherited, the package is one of this workspace, and has the words beside it
    let [name, version, license] = ["name", "version", "license"].map(of);
    let mut line = name.unwrap_or_default().to_owned();
    for (before, text) in [(" ", version), (": ", license)] {
        if let Some(text) = text {
            line += before;
            line += text;
        }
    }
    Ok(line)
}

/// The words beside a manifest, sorted.
fn texts(manifest: &Path) -> Result<Vec<String>> {
    let folder = manifest.parent().context("no folder")?;
    let entries = fs::read_dir(folder);
    let entries = entries.with_context(|| format!("failed to read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_ascii_lowercase();
            let name = name.to_string_lossy();
            NAMES.iter().any(|start| name.starts_with(start)) && path.is_file()
        })
        .collect();
    files.sort_unstable();
    let texts = files.iter().map(|file| {
        let text = fs::read_to_string(file);
        let text = text.with_context(|| format!("failed to read {}", file.display()))?;
        Ok(text.trim_matches('\n').trim_end().to_owned())
    });
    texts.collect()
}
