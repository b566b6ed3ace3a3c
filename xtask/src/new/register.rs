//! Where an app is listed: a dependency and a feature in `cli/Cargo.toml`, and two lines in
//! `cli/src/apps.rs`.

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::change::Change;

const MANIFEST: &str = "cli/Cargo.toml";
const APPS: &str = "cli/src/apps.rs";

pub(crate) fn add(name: &str, change: &mut Change) -> Result<()> {
    change.edit(MANIFEST, |text| add_to_manifest(name, text))?;
    change.edit(APPS, |text| Ok(add_to_apps(name, text)))
}

pub(crate) fn remove(name: &str, change: &mut Change) -> Result<()> {
    change.edit(MANIFEST, |text| remove_from_manifest(name, text))?;
    change.edit(APPS, |text| Ok(remove_from_apps(name, text)))
}

/// The package of an app.
pub(crate) fn package(name: &str) -> String {
    format!("bpfapps-{name}")
}

fn add_to_manifest(name: &str, text: &str) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    let package = package(name);

    let features = table(&mut manifest, "features")?;
    let feature: Array = [format!("dep:{package}")].into_iter().collect();
    // after its neighbours among the apps, which come before the other features
    let is_app = |item: &Item| item.to_string().contains("\"dep:");
    insert(features, name, value(feature), |key, item| {
        key == "default" || (is_app(item) && key < name)
    });
    add_to_array(default_features(features)?, name);

    let mut dependency = InlineTable::new();
    dependency.insert("path", format!("../apps/{name}").into());
    dependency.insert("optional", true.into());
    let dependencies = table(&mut manifest, "dependencies")?;
    insert(dependencies, &package, value(dependency), |key, _| {
        key < package.as_str()
    });
    Ok(manifest.to_string())
}

fn remove_from_manifest(name: &str, text: &str) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    let features = table(&mut manifest, "features")?;
    features.remove(name);
    remove_from_array(default_features(features)?, name);
    table(&mut manifest, "dependencies")?.remove(&package(name));
    Ok(manifest.to_string())
}

/// The manifest without the tests of this workspace's own apps, where these are not.
pub(crate) fn without_tests(text: &str) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    manifest.remove("test");
    Ok(manifest.to_string())
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

/// Inserts where it belongs in a sorted array; what stands between the entries stays the same.
fn add_to_array(array: &mut Array, name: &str) {
    let at = array.iter().position(|entry| entry.as_str() > Some(name));
    let at = at.unwrap_or(array.len());
    let mut entry = toml_edit::Value::from(name);
    let decor = |array: &Array, i: usize| array.get(i).map(|entry| entry.decor().clone());
    match (at, array.len()) {
        (_, 0) => {}
        // it comes first, and what was first stands like the others
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

fn lines_of(name: &str) -> String {
    let package = package(name).replace('-', "_");
    format!("#[cfg(feature = \"{name}\")]\nuse {package} as _;\n")
}

/// The list is sorted, and each app has two lines.
fn add_to_apps(name: &str, text: &str) -> String {
    let later = text
        .match_indices("#[cfg(feature = \"")
        .find(|(at, start)| text[at + start.len()..].split('"').next() > Some(name));
    let at = later.map_or(text.len(), |(at, _)| at);
    let (before, after) = text.split_at(at);
    format!("{before}{}{after}", lines_of(name))
}

fn remove_from_apps(name: &str, text: &str) -> String {
    text.replacen(&lines_of(name), "", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files as they are in this workspace.
    const REAL: [&str; 2] = [
        include_str!("../../../cli/Cargo.toml"),
        include_str!("../../../cli/src/apps.rs"),
    ];

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
            add_to_manifest("c", manifest).expect("a manifest"),
            expected
        );

        let apps = "//! doc\n\n#[cfg(feature = \"b\")]\nuse bpfapps_b as _;\n\
                    #[cfg(feature = \"d\")]\nuse bpfapps_d as _;\n";
        let expected = "//! doc\n\n#[cfg(feature = \"b\")]\nuse bpfapps_b as _;\n\
                        #[cfg(feature = \"c\")]\nuse bpfapps_c as _;\n\
                        #[cfg(feature = \"d\")]\nuse bpfapps_d as _;\n";
        assert_eq!(add_to_apps("c", apps), expected);
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
            for text in manifests.iter().map(String::as_str).chain([REAL[0]]) {
                let added = add_to_manifest(name, text).expect("a manifest");
                assert!(added.contains(&format!("\"{name}\"")), "{added}");
                assert_eq!(
                    remove_from_manifest(name, &added).expect("a manifest"),
                    text
                );
            }
            assert_eq!(remove_from_apps(name, &add_to_apps(name, REAL[1])), REAL[1]);
        }
    }
}
