//! A repository of its own, without its apps.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use minijinja::{Value, context};

use crate::engine::Engine;
use crate::files::{self, File, STANDALONE};
use crate::release::{Release, VERSION};

/// The crates that a repository depends on, at the least.
const CRATES: [&str; 5] = [
    "bpfapps",
    "bpfapps-build",
    "bpfapps-core",
    "bpfapps-testkit",
    "bpfapps-xtask",
];

/// The files of a repository with the binary `binary` and a first app called `app`, of the kind
/// `kind`. The app itself, and its two lines in the lists, are added as in any other repository.
///
/// # Errors
///
/// A template is wrong.
pub fn standalone(binary: &str, app: &str, kind: &str, release: &Release) -> Result<Vec<File>> {
    let engine = Engine::new()?;
    let requirement = CRATES.map(|name| Ok((name, release.requirement(name)?.to_string())));
    let requirement: BTreeMap<_, _> = requirement.into_iter().collect::<Result<_>>()?;
    let context: Value = context! {
        binary, name => app, kind, requirement,
        version => VERSION,
        // aligns the two comments of the README
        pad => " ".repeat(app.len()),
        edition => release.package("edition")?,
        rust_version => release.package("rust-version")?,
        license => release.package("license")?,
        lints => release.lints(),
        profiles => release.profiles(),
    };
    let mut files = BTreeMap::new();
    files::collect(&STANDALONE, &mut files)?;
    files
        .into_iter()
        .map(|(path, text)| {
            let text = engine.render(&path.to_string_lossy(), text, &context);
            let text = text.context("failed to render a repository")?;
            Ok(File { path, text })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{App, Kind};

    #[test]
    fn can_be_read_in_one_sitting() -> Result<()> {
        for kind in Kind::all()? {
            let mut files = standalone("mytool", "opens", &kind.name, &Release::new()?)?;
            let app = App {
                binary: "mytool",
                name: "opens",
                values: &kind.defaults(),
            };
            files.extend(app.render(&kind)?);
            let lines: usize = files.iter().map(|file| file.text.lines().count()).sum();
            let count = files.len();
            // the largest kind is 700 lines by itself
            let most = if kind.name == "user-ringbuf" {
                950
            } else {
                900
            };
            assert!(
                count <= 25 && lines <= most,
                "{}: {count} files, {lines} lines",
                kind.name
            );
        }
        Ok(())
    }

    #[test]
    fn one_line_has_the_version() -> Result<()> {
        let files = standalone("mytool", "opens", "xdp", &Release::new()?)?;
        let manifest = files
            .iter()
            .find(|file| file.path.as_os_str() == "Cargo.toml");
        let text = &manifest.context("no manifest")?.text;
        let lines = text.lines().filter(|line| line.starts_with("bpfapps"));
        let exact: Vec<_> = lines.filter(|line| line.contains(VERSION)).collect();
        assert_eq!(exact.len(), 1, "{text}");
        assert!(exact[0].starts_with("bpfapps = "), "{text}");
        let parsed: toml_edit::DocumentMut = text.parse()?;
        let tuned = parsed["profile"]["dev"]["package"].as_table_like();
        let tuned = tuned.context("no profiles")?.iter().map(|(name, _)| name);
        assert_eq!(tuned.collect::<Vec<_>>(), ["*"]);
        for table in ["package", "dependencies", "lints"] {
            assert!(parsed["workspace"][table].is_table(), "{table} in {text}");
        }
        Ok(())
    }
}
