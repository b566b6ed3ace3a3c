//! Renders the files of a kind as the files of an app.

use std::collections::BTreeMap;

use anyhow::Result;
use minijinja::Value;

use crate::engine::Engine;
use crate::files::File;
use crate::kind::{Kind, Manifest, Values};

/// Dependencies of every app.
const DEPENDENCIES: [&str; 3] = ["bpfapps-core", "clap", "libbpf-rs"];

/// Development dependencies of every app.
const DEV_DEPENDENCIES: [&str; 4] = ["anyhow", "bpfapps-testkit", "nix", "serde_json"];

/// And for its build script.
const BUILD_DEPENDENCIES: [&str; 1] = ["bpfapps-build"];

/// Stands for the app's name in the path of a file.
const NAME: &str = "NAME";

/// An app to render.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// The binary that it becomes a subcommand of.
    pub binary: &'a str,
    /// Its name: `my_app`.
    pub name: &'a str,
    /// The answers to the questions of its kind.
    pub values: &'a Values,
}

impl App<'_> {
    /// The names of all that an app of this kind depends on.
    pub fn dependencies(kind: &Kind) -> impl Iterator<Item = &str> {
        let always = [&DEPENDENCIES[..], &DEV_DEPENDENCIES, &BUILD_DEPENDENCIES].concat();
        let Manifest {
            dependencies,
            dev_dependencies,
            ..
        } = &kind.manifest;
        let more = dependencies.iter().chain(dev_dependencies);
        always.into_iter().chain(more.map(String::as_str))
    }

    /// Its files, by their paths in its folder.
    ///
    /// # Errors
    ///
    /// A template is wrong, or a value is missing.
    pub fn render(&self, kind: &Kind) -> Result<Vec<File>> {
        let context = self.context(kind);
        let engine = Engine::new()?;
        let files = kind.files()?;
        files
            .into_iter()
            .map(|(path, text)| {
                let path = path.to_string_lossy();
                let source = format!("{}/{path}", kind.name);
                Ok(File {
                    path: path.replace(NAME, self.name).into(),
                    text: engine.render(&source, text, &context)?,
                })
            })
            .collect()
    }

    fn context(&self, kind: &Kind) -> Value {
        let manifest = &kind.manifest;
        let own = [
            ("binary", Value::from(self.binary)),
            ("name", Value::from(self.name)),
            ("Name", Value::from(camel_case(self.name))),
            ("package", Value::from(package(self.binary, self.name))),
            ("kind", Value::from(kind.name.as_str())),
            ("kernel", Value::from(manifest.kernel.as_str())),
            (
                "core_features",
                manifest.core_features.iter().map(String::as_str).collect(),
            ),
            (
                "dependencies",
                sorted(&DEPENDENCIES, &manifest.dependencies),
            ),
            (
                "dev_dependencies",
                sorted(&DEV_DEPENDENCIES, &manifest.dev_dependencies),
            ),
        ];
        let own = own.map(|(key, value)| (key.to_owned(), value));
        let given = self
            .values
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        let all: BTreeMap<_, _> = own.into_iter().chain(given).collect();
        all.into()
    }
}

fn sorted(always: &[&str], more: &[String]) -> Value {
    let mut all: Vec<_> = always
        .iter()
        .copied()
        .chain(more.iter().map(String::as_str))
        .collect();
    all.sort_unstable();
    all.into_iter().map(Value::from).collect()
}

/// The package name of an app. It contains the binary's name, so that another binary can use the
/// app too.
#[must_use]
pub fn package(binary: &str, app: &str) -> String {
    format!("{binary}-{app}")
}

/// `my_app` as a type: `MyApp`, as libbpf-cargo makes it.
#[must_use]
pub fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_camel_case() {
        assert_eq!(camel_case("opens"), "Opens");
        assert_eq!(camel_case("my_app2"), "MyApp2");
    }

    #[test]
    fn every_kind_is_rendered_without_a_brace_left() -> Result<()> {
        let kinds = Kind::all()?;
        assert!(kinds.len() > 20, "{}", kinds.len());
        for kind in &kinds {
            let values = kind.defaults();
            let app = App {
                binary: "mytool",
                name: "my_app",
                values: &values,
            };
            let files = app.render(kind)?;
            for File { path, text } in &files {
                assert!(!text.contains("{{ "), "{}: {}", kind.name, path.display());
                assert!(!path.to_string_lossy().contains(NAME), "{}", path.display());
            }
            let manifest = files.iter().find(|file| file.path.ends_with("Cargo.toml"));
            let manifest = &manifest.expect("a manifest").text;
            assert!(
                manifest.contains("name = \"mytool-my_app\"\n"),
                "{manifest}"
            );
        }
        Ok(())
    }
}
