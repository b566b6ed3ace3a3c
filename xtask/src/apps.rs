//! The apps of a workspace, and how they come and go.
//!
//! An app is listed by a dependency and a feature in `cli/Cargo.toml`, and two lines in
//! `cli/src/apps.rs`.

pub(crate) mod add;
pub(crate) mod remove;

use std::path::Path;

use anyhow::{Context, Result};
use bpfapps_templates::Release;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use crate::change::Change;

const MANIFEST: &str = "cli/Cargo.toml";
const APPS: &str = "cli/src/apps.rs";

/// The workspace's manifest with all versions.
const VERSIONS: &str = "Cargo.toml";

/// The features of the binary that are no apps, and that a binary with fewer apps has as well.
pub(crate) const EXPORTERS: [&str; 2] = ["metrics", "otlp"];

/// An app in the lists of the binary.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// The name of its feature.
    pub(crate) name: &'a str,
    /// The package that brings the app in.
    pub(crate) package: &'a str,
    /// Its name in Rust.
    pub(crate) library: &'a str,
    /// Its source for cargo.
    pub(crate) source: InlineTable,
}

impl Entry<'_> {
    /// Lists it.
    pub(crate) fn add(&self, change: &mut Change) -> Result<()> {
        change.edit(MANIFEST, |text| self.add_to_manifest(text))?;
        change.edit(APPS, |text| Ok(self.add_to_apps(text)))
    }

    fn add_to_manifest(&self, text: &str) -> Result<String> {
        let mut manifest: DocumentMut = text.parse()?;
        let Self { name, package, .. } = *self;

        let features = table(&mut manifest, "features")?;
        let feature: Array = [format!("dep:{package}")].into_iter().collect();
        // after its neighbours among the apps, which come before the other features
        let is_app = |item: &Item| package_of(item).is_some();
        insert(features, name, value(feature), |key, item| {
            key == "default" || (is_app(item) && key < name)
        });
        add_to_array(default_features(features)?, name);

        let mut source = self.source.clone();
        source.insert("optional", true.into());
        let dependencies = table(&mut manifest, "dependencies")?;
        insert(dependencies, package, value(source), |key, _| key < package);
        Ok(manifest.to_string())
    }

    /// Each app has two lines. They are sorted as rustfmt has them: by the crate.
    fn add_to_apps(&self, text: &str) -> String {
        let Self { name, library, .. } = self;
        let mut entries = text.match_indices(FEATURE);
        let later = entries.find(|(at, _)| {
            let uses = text[*at..].split_once("\nuse ");
            uses.and_then(|(_, uses)| uses.split(' ').next()) > Some(library)
        });
        let at = later.map_or(text.len(), |(at, _)| at);
        let (before, after) = text.split_at(at);
        // the first entry is separated from the comment above
        let apart = if text.contains(FEATURE) { "" } else { "\n" };
        format!("{before}{apart}{FEATURE}{name}\")]\nuse {library} as _;\n{after}")
    }
}

/// Takes an app out of the lists, wherever it came from; answers whether it was there.
fn unlist(name: &str, change: &mut Change) -> Result<bool> {
    let mut was_there = false;
    change.edit(MANIFEST, |text| {
        let (text, package) = remove_from_manifest(name, text)?;
        was_there = package.is_some();
        Ok(text)
    })?;
    change.edit(APPS, |text| Ok(remove_from_apps(name, text)))?;
    Ok(was_there)
}

/// The source of a package in a folder.
pub(crate) fn folder(path: &Path) -> InlineTable {
    let path = path.to_string_lossy().into_owned();
    InlineTable::from_iter([("path", path)])
}

/// Sees to it that the workspace has a version of everything that an app depends on.
pub(crate) fn versions<'a>(
    names: impl Iterator<Item = &'a str>,
    release: &Release,
    change: &mut Change,
) -> Result<()> {
    change.edit(VERSIONS, |text| {
        let mut manifest: DocumentMut = text.parse()?;
        let dependencies = manifest.get_mut("workspace").and_then(Item::as_table_mut);
        let dependencies = dependencies.context("there is no [workspace]")?;
        let dependencies = dependencies.get_mut("dependencies");
        let dependencies = dependencies.and_then(Item::as_table_mut);
        let dependencies = dependencies.context("there is no [workspace.dependencies]")?;
        for name in names {
            if !dependencies.contains_key(name) {
                let version = value(release.requirement(name)?);
                insert(dependencies, name, version, |key, _| key < name);
            }
        }
        Ok(manifest.to_string())
    })
}

/// The manifest without the app, and the package that brought it in.
fn remove_from_manifest(name: &str, text: &str) -> Result<(String, Option<String>)> {
    let mut manifest: DocumentMut = text.parse()?;
    let features = table(&mut manifest, "features")?;
    let package = features.get(name).and_then(package_of);
    let Some(package) = package else {
        return Ok((text.to_owned(), None));
    };
    features.remove(name);
    remove_from_array(default_features(features)?, name);
    table(&mut manifest, "dependencies")?.remove(&package);
    Ok((manifest.to_string(), Some(package)))
}

/// The package that a feature brings in, if it is the feature of an app.
fn package_of(feature: &Item) -> Option<String> {
    let needs = feature.as_array()?.iter();
    needs
        .filter_map(|need| need.as_str()?.strip_prefix("dep:"))
        .map(str::to_owned)
        .next()
}

fn table<'a>(manifest: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table> {
    let table = manifest.get_mut(name).and_then(Item::as_table_mut);
    table.with_context(|| format!("there is no [{name}]"))
}

fn default_features(features: &mut Table) -> Result<&mut Array> {
    let default = features.get_mut("default").and_then(Item::as_array_mut);
    default.context("there is no list of default features")
}

/// Inserts after the last entry that `is_before` it; toml_edit would put it at the end.
fn insert(table: &mut Table, key: &str, item: Item, is_before: impl Fn(&str, &Item) -> bool) {
    let mut order: Vec<_> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let at = table
        .iter()
        .enumerate()
        .filter(|(_, (key, item))| is_before(key, item));
    let at = at.map(|(i, _)| i + 1).last().unwrap_or(0);
    order.insert(at, key.to_owned());
    table.insert(key, item);
    let place = |key: &str| order.iter().position(|other| other == key);
    table.sort_values_by(|a, _, b, _| place(a.get()).cmp(&place(b.get())));
}

/// Inserts into a sorted array and keeps the formatting between the entries.
fn add_to_array(array: &mut Array, name: &str) {
    let at = array.iter().position(|entry| entry.as_str() > Some(name));
    let at = at.unwrap_or(array.len());
    let mut entry = toml_edit::Value::from(name);
    let decor = |array: &Array, i: usize| array.get(i).map(|entry| entry.decor().clone());
    match (at, array.len()) {
        (_, 0) => {}
        // a new first entry takes the place of the old one, which is formatted like the others
        (0, len) => {
            let (first, other) = (decor(array, 0), decor(array, 1));
            *entry.decor_mut() = first.unwrap_or_default();
            if let Some(second) = array.get_mut(0).filter(|_| len > 0) {
                *second.decor_mut() = other.unwrap_or_else(|| toml_edit::Decor::new(" ", ""));
            }
        }
        (at, _) => {
            *entry.decor_mut() = match at {
                1 => toml_edit::Decor::new(" ", ""),
                at => decor(array, at - 1).unwrap_or_default(),
            };
        }
    }
    array.insert_formatted(at, entry);
}

fn remove_from_array(array: &mut Array, name: &str) {
    let Some(at) = array.iter().position(|entry| entry.as_str() == Some(name)) else {
        return;
    };
    let removed = array.remove(at);
    if let (0, Some(first)) = (at, array.get_mut(0)) {
        *first.decor_mut() = removed.decor().clone();
    }
}

/// The start of an app's lines.
const FEATURE: &str = "#[cfg(feature = \"";

fn remove_from_apps(name: &str, text: &str) -> String {
    let begin = format!("{FEATURE}{name}\")]\nuse ");
    let Some((before, after)) = text.split_once(&begin) else {
        return text.to_owned();
    };
    let after = after.split_once('\n').map_or("", |(_, after)| after);
    let left = format!("{before}{after}");
    match left.contains(FEATURE) {
        true => left,
        false => format!("{}\n", left.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files as they are in this workspace.
    const REAL: [&str; 2] = [
        include_str!("../../cli/Cargo.toml"),
        include_str!("../../cli/src/apps.rs"),
    ];

    fn entry<'a>(name: &'a str, package: &'a str) -> Entry<'a> {
        Entry {
            name,
            package,
            library: package.replace('-', "_").leak(),
            source: folder(&Path::new("../apps").join(name)),
        }
    }

    #[test]
    fn an_app_has_its_place_among_the_others() {
        let manifest = "[features]\ndefault = [\"b\", \"d\"]\nb = [\"dep:bpfapps-b\"]\n\
                        d = [\"dep:bpfapps-d\"]\n# other\nstatic = []\n\n[dependencies]\n\
                        anyhow = \"1\"\nbpfapps-b = { path = \"../apps/b\", optional = true }\n\
                        clap = \"4\"\n";
        let expected = "[features]\ndefault = [\"b\", \"c\", \"d\"]\nb = [\"dep:bpfapps-b\"]\n\
                        c = [\"dep:bpfapps-c\"]\nd = [\"dep:bpfapps-d\"]\n# other\nstatic = []\n\n\
                        [dependencies]\nanyhow = \"1\"\n\
                        bpfapps-b = { path = \"../apps/b\", optional = true }\n\
                        bpfapps-c = { path = \"../apps/c\", optional = true }\nclap = \"4\"\n";
        assert_eq!(
            entry("c", "bpfapps-c")
                .add_to_manifest(manifest)
                .expect("a manifest"),
            expected
        );

        let apps = "//! doc\n\n#[cfg(feature = \"b\")]\nuse bpfapps_b as _;\n\
                    #[cfg(feature = \"d\")]\nuse bpfapps_d as _;\n";
        let expected = "//! doc\n\n#[cfg(feature = \"b\")]\nuse bpfapps_b as _;\n\
                        #[cfg(feature = \"c\")]\nuse bpfapps_c as _;\n\
                        #[cfg(feature = \"d\")]\nuse bpfapps_d as _;\n";
        assert_eq!(entry("c", "bpfapps-c").add_to_apps(apps), expected);
        // under any name
        let expected = expected.replace("\"c\"", "\"a\"");
        assert_eq!(entry("a", "bpfapps-c").add_to_apps(apps), expected);
    }

    #[test]
    fn what_was_added_is_removed_without_a_trace() {
        let lists = [
            "[]",
            "[\"m\"]",
            "[\"b\", \"m\"]",
            "[\n    \"b\",\n    \"m\", # why\n]",
            "[ \"b\",\"m\" ]",
        ];
        let manifests = lists.map(|list| {
            format!("[features]\ndefault = {list}\n\n# end\n[dependencies]\nclap = \"4\" # why\n")
        });
        for name in ["a", "c", "z", "my_app2"] {
            let package = format!("bpfapps-{name}");
            let entry = entry(name, &package);
            for text in manifests.iter().map(String::as_str).chain([REAL[0]]) {
                let added = entry.add_to_manifest(text).expect("a manifest");
                assert!(added.contains(&format!("\"{name}\"")), "{added}");
                let (left, removed) = remove_from_manifest(name, &added).expect("a manifest");
                assert_eq!((left.as_str(), removed), (text, Some(package.clone())));
            }
            for text in [REAL[1], "//! doc\n"] {
                let added = entry.add_to_apps(text);
                assert!(
                    added.contains(&format!("use bpfapps_{name} as _;")),
                    "{added}"
                );
                assert_eq!(remove_from_apps(name, &added), text);
            }
        }
    }
}
