//! The kinds of apps: each a folder below `templates/` with a `template.yaml` in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::machine::{self, Check};
use crate::{cargo, out};

/// What every kind has in common; no kind itself.
const SHARED: &str = "shared";

const MANIFEST: &str = "template.yaml";

/// The answers to the questions of a kind, by key.
pub(crate) type Values = BTreeMap<String, String>;

/// A kind of app.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
    folder: PathBuf,
}

/// What `template.yaml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// What an app of this kind sees, as it comes
    pub(crate) traces: String,
    /// When to take it
    pub(crate) good_for: String,
    /// The oldest Linux that runs it
    pub(crate) kernel: String,
    /// What else the machine must have: BTF, tracefs, kprobes …
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// Dependencies of the workspace that an app does not have anyway
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    /// The same for its tests
    #[serde(default)]
    pub(crate) dev_dependencies: Vec<String>,
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
}

/// Something that `new` asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) key: String,
    /// Completes "which …?"
    pub(crate) asks: String,
    pub(crate) default: String,
    pub(crate) check: Check,
    /// The key of the binary whose symbol it is
    #[serde(default, rename = "in")]
    pub(crate) of: Option<String>,
}

impl Kind {
    /// All of them, sorted by name.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let templates = templates()?;
        let entries = fs::read_dir(&templates)
            .with_context(|| format!("failed to list {}", templates.display()))?;
        let mut kinds = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("failed to list {}", templates.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != SHARED && entry.path().is_dir() {
                kinds.push(Self::read(name, entry.path())?);
            }
        }
        kinds.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(kinds)
    }

    fn read(name: String, folder: PathBuf) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let manifest = serde_yaml::from_str(&text)
            .with_context(|| format!("{} is no manifest of a template", path.display()))?;
        Ok(Self {
            name,
            manifest,
            folder,
        })
    }

    /// Its files and those that all kinds share, by their path in an app. Its own win.
    pub(crate) fn files(&self) -> Result<BTreeMap<PathBuf, PathBuf>> {
        let mut files = BTreeMap::new();
        for folder in [&templates()?.join(SHARED), &self.folder] {
            walk(folder, Path::new(""), &mut files)?;
        }
        files.remove(Path::new(MANIFEST));
        Ok(files)
    }
}

fn templates() -> Result<PathBuf> {
    Ok(cargo::root()?.join("templates"))
}

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

/// The kind of that name.
pub(crate) fn find(kinds: Vec<Kind>, name: &str) -> Result<Kind> {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name.clone()).collect();
    kinds
        .into_iter()
        .find(|kind| kind.name == name)
        .ok_or_else(|| {
            out::hinted(
                format!(
                    "there is no template `{name}`{}",
                    machine::near(name, &names)
                ),
                "see cargo xtask new --list",
            )
        })
}
