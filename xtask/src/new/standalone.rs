//! `--standalone`: this workspace without its apps, as the start of somebody's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use toml_edit::DocumentMut;

use super::change::Change;
use super::kind::walk;
use super::register;
use crate::{cargo, out};

/// What makes the workspace: the rest is about the project that this one is.
const PARTS: [&str; 17] = [
    ".cargo",
    ".clang-format",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "bpf-build",
    "cli/Cargo.toml",
    "cli/src",
    "cli/tests/apps.rs",
    "core",
    "explain",
    "rustfmt.toml",
    "task",
    "templates",
    "testkit",
    "vm",
];

/// xtask is a part as well, but for those of its tests that take this workspace's apps for examples.
const XTASK: [&str; 3] = ["xtask/Cargo.toml", "xtask/src", "xtask/tests/dev"];

/// The change that makes `folder` a workspace without an app.
pub(crate) fn workspace(folder: &Path) -> Result<Change> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(err) => err.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(out::hinted(
            format!("{} is there already", folder.display()),
            "name a folder that is not there, or that is empty",
        ));
    }
    let mut change = Change::new(std::path::absolute(folder).context("no such place")?);
    for (path, source) in files()? {
        let text = fs::read_to_string(&source)
            .with_context(|| format!("failed to read {}", source.display()))?;
        change.create(path, text);
    }
    change.edit("Cargo.toml", without_our_own)?;
    change.edit("cli/Cargo.toml", register::without_tests)?;
    for app in Workspace::here()?.apps()? {
        register::remove(app, &mut change)?;
    }
    Ok(change)
}

/// What is about this project alone: what the kernel is to refuse, and the figures.
fn without_our_own(text: &str) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    let members = manifest["workspace"]["members"].as_array_mut();
    members
        .context("no members")?
        .retain(|member| !["bench", "refused"].map(Some).contains(&member.as_str()));
    Ok(manifest.to_string())
}

fn files() -> Result<BTreeMap<PathBuf, PathBuf>> {
    let (mut files, root) = (BTreeMap::new(), cargo::root()?);
    for part in PARTS.into_iter().chain(XTASK) {
        let whole = root.join(part);
        if whole.is_dir() {
            walk(root, Path::new(part), &mut files)?;
        } else {
            files.insert(part.into(), whole);
        }
    }
    Ok(files)
}
