//! This release of bpfapps: its version, and what the manifest of its workspace says about other
//! versions, lints and profiles. A repository of one's own starts with the same.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

/// The root manifest: a link, which an archive has as a file.
const MANIFEST: &str = include_str!("../workspace.toml");

/// The release that all of these crates are of.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The crate whose version decides: it needs exactly its own release of the others.
const LEADING: &str = "bpfapps";

/// What a repository takes over from these crates.
#[derive(Debug)]
pub struct Release {
    manifest: DocumentMut,
    checkout: Option<PathBuf>,
}

impl Release {
    /// What was embedded; `checkout` is where it was, if it is still there.
    ///
    /// # Errors
    ///
    /// The manifest is no TOML.
    pub fn new() -> Result<Self> {
        let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let mut checkout = parent.map(Path::to_owned);
        // in a registry's folder, there is no other crate beside this one by that name
        checkout.take_if(|folder| fs::metadata(folder.join("core/Cargo.toml")).is_err());
        Ok(Self {
            manifest: MANIFEST.parse().context("the manifest is no TOML")?,
            checkout,
        })
    }

    /// The names of all that a version is known of.
    pub fn dependencies(&self) -> impl Iterator<Item = &str> {
        let table = self.table("dependencies").into_iter();
        table.flat_map(|table| table.iter().map(|(name, _)| name))
    }

    /// What a repository's `[workspace.dependencies]` says about a crate. Where these crates are a
    /// checkout, which may not be published, its path stands beside the version.
    ///
    /// # Errors
    ///
    /// There is no such dependency.
    pub fn requirement(&self, name: &str) -> Result<Value> {
        let table = self.table("dependencies").and_then(|table| table.get(name));
        let item = table.with_context(|| format!("no version of {name} is known"))?;
        let Some(own) = own_folder(item) else {
            let mut value = item.as_value().context("no value")?.clone();
            value.decor_mut().clear();
            return Ok(value);
        };
        let version = match name {
            LEADING => VERSION,
            _ => VERSION.split('.').next().unwrap_or(VERSION),
        };
        let mut value = InlineTable::new();
        value.insert("version", version.into());
        if let Some(checkout) = &self.checkout {
            let path = checkout.join(own);
            let path = path.to_str().context("the checkout's path is no UTF-8")?;
            value.insert("path", path.into());
        }
        if let Some(default) = item.get("default-features").and_then(Item::as_value) {
            value.insert("default-features", default.clone());
        }
        value.fmt();
        Ok(match value.len() {
            1 => version.into(),
            _ => value.into(),
        })
    }

    /// An entry of `[release.package]`.
    pub(crate) fn package(&self, key: &str) -> Result<&str> {
        let value = self.table("package").and_then(|table| table.get(key));
        let value = value.and_then(Item::as_str);
        value.with_context(|| format!("the workspace has no {key}"))
    }

    /// `[workspace.lints]`, as it is written.
    pub(crate) fn lints(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest.retain(|key, _| key == "workspace");
        if let Some(workspace) = manifest.get_mut("workspace").and_then(Item::as_table_mut) {
            workspace.retain(|key, _| key == "lints");
            workspace.set_implicit(true);
        }
        manifest.to_string().trim().to_owned()
    }

    /// `[profile]`, as it is written.
    pub(crate) fn profiles(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest.retain(|key, _| key == "profile");
        manifest.to_string().trim().to_owned()
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.manifest.get("workspace")?.get(name)?.as_table()
    }
}

/// Where a crate of this workspace lies in it.
fn own_folder(dependency: &Item) -> Option<&str> {
    dependency.get("path")?.as_str()
}
