//! This release of bpfapps: its version, and its workspace's manifest with the versions of
//! dependencies, lints and profiles, from which a new repository starts.

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

/// The parts of this workspace's manifest that a new repository copies.
#[derive(Debug)]
pub struct Release {
    manifest: DocumentMut,
    checkout: Option<PathBuf>,
}

impl Release {
    /// The embedded release; `checkout` is its source folder, if that still exists.
    ///
    /// # Errors
    ///
    /// The manifest is no TOML.
    pub fn new() -> Result<Self> {
        let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let mut checkout = parent.map(Path::to_owned);
        // the source in a registry has no crate of that name beside it
        checkout.take_if(|folder| fs::metadata(folder.join("core/Cargo.toml")).is_err());
        Ok(Self {
            manifest: MANIFEST.parse().context("the manifest is not TOML")?,
            checkout,
        })
    }

    /// The names of all that a version is known of.
    pub fn dependencies(&self) -> impl Iterator<Item = &str> {
        let table = self.table("dependencies").into_iter();
        table.flat_map(|table| table.iter().map(|(name, _)| name))
    }

    /// The entry of a crate in a repository's `[workspace.dependencies]`. If these crates are a
    /// checkout, which may be unpublished, the entry has the path and the version.
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
            let path = path.to_str().context("the checkout's path is not UTF-8")?;
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

    /// `[profile]`, as it is written, without crates that only features of xtask need: cargo warns
    /// about a crate that is not there.
    pub(crate) fn profiles(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest.retain(|key, _| key == "profile");
        let of_dev = manifest["profile"]["dev"].get_mut("package");
        if let Some(packages) = of_dev.and_then(Item::as_table_like_mut) {
            let named: Vec<_> = packages.iter().map(|(name, _)| name.to_owned()).collect();
            for name in named.iter().filter(|name| *name != "*") {
                packages.remove(name);
            }
        }
        manifest.to_string().trim().to_owned()
    }

    fn table(&self, name: &str) -> Option<&Table> {
        self.manifest.get("workspace")?.get(name)?.as_table()
    }
}

/// The folder of a crate of this workspace.
fn own_folder(dependency: &Item) -> Option<&str> {
    dependency.get("path")?.as_str()
}
