//! The apps that the templates render, all in one workspace below `target/`, tested like those of
//! this one. What they depend on is built already.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use toml_edit::{Array, DocumentMut, value};

use crate::cargo::{self, root};
use crate::new::change::Change;
use crate::new::kind::{self, Kind, Values, walk};
use crate::new::{add, register};

/// The package that stands for the one in `cli/`, so that its binary does not take that one's place.
pub(crate) const PACKAGE: &str = "bpfapps-of-templates";

/// Whether this workspace has templates of its own.
pub(crate) fn are_here() -> Result<bool> {
    Ok(root()?.join("templates").is_dir())
}

/// The workspace of the rendered apps.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) folder: PathBuf,
    target: PathBuf,
}

impl Rendered {
    /// Renders every kind, or only one, as an app of the kind's name.
    pub(crate) fn render(only: Option<&str>) -> Result<Self> {
        let all = Kind::all()?;
        let kinds = match only {
            Some(name) => vec![kind::find(all, name)?],
            None => all,
        };
        let root = root()?;
        let folder = root.join("target/templates");
        let mut change = Change::new(&folder);
        change.create("Cargo.toml", manifest()?);
        for file in ["Cargo.lock", "rustfmt.toml", ".clang-format"] {
            change.create(file, read(file)?);
        }
        let mut files = [("cli/Cargo.toml".into(), root.join("cli/Cargo.toml"))].into();
        walk(root, Path::new("cli/src"), &mut files)?;
        for path in files.keys() {
            change.create(path, read(path)?);
        }
        change.edit("cli/Cargo.toml", renamed)?;
        change.edit("cli/Cargo.toml", register::without_tests)?;
        for app in Workspace::here()?.apps()? {
            register::remove(app, &mut change)?;
        }
        for kind in kinds {
            let parameters = &kind.manifest.parameters;
            let defaults = parameters
                .iter()
                .map(|p| (p.key.clone(), p.default.clone()));
            let values: Values = defaults.collect();
            add(&kind, &kind.name.replace('-', "_"), &values, &mut change)?;
        }
        sync(&folder, change.into_files())?;
        Ok(Self {
            folder,
            target: target()?,
        })
    }

    /// A call of cargo in there, with what is built here.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = cargo::cargo(args);
        command
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Checks how the C files are formatted.
    pub(crate) fn clang_format(&self) -> Result<Command> {
        let mut files = Default::default();
        walk(&self.folder, Path::new("apps"), &mut files)?;
        let is_c = |path: &&PathBuf| path.extension().is_some_and(|end| end == "c" || end == "h");
        let mut command = Command::new("clang-format");
        command
            .args(["--dry-run", "-Werror"])
            .args(files.keys().filter(is_c))
            .current_dir(&self.folder);
        Ok(command)
    }

    /// The binary with all the apps, which the kernel tests run.
    pub(crate) fn program(&self) -> PathBuf {
        self.target.join("debug").join(PACKAGE)
    }
}

/// The root manifest, with this workspace's packages where they are.
fn manifest() -> Result<String> {
    let mut manifest: DocumentMut = read("Cargo.toml")?.parse()?;
    let workspace = &mut manifest["workspace"];
    workspace["members"] = value(Array::from_iter(["apps/*", "cli"]));
    workspace["default-members"] = value(Array::from_iter(["cli"]));
    let dependencies = workspace["dependencies"].as_table_like_mut();
    for (_, dependency) in dependencies.context("no dependencies")?.iter_mut() {
        let table = dependency.as_table_like_mut();
        if let Some(path) = table.and_then(|table| table.get_mut("path")) {
            let whole = root()?.join(path.as_str().context("a path is no text")?);
            *path = value(whole.to_str().context("the workspace's path is no UTF-8")?);
        }
    }
    Ok(manifest.to_string())
}

fn renamed(text: &str) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    manifest["package"]["name"] = value(PACKAGE);
    Ok(manifest.to_string())
}

fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root()?.join(path);
    fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
}

/// The folder that this very program was built in.
fn target() -> Result<PathBuf> {
    let own = env::current_exe().context("failed to find own program file")?;
    let target = own.ancestors().nth(2).context("no target folder")?;
    Ok(target.to_owned())
}

/// Makes `folder` contain exactly `files`; one that is as it should be keeps its time stamp.
fn sync(folder: &Path, files: Vec<(PathBuf, String)>) -> Result<()> {
    let wanted: BTreeSet<_> = files.iter().map(|(path, _)| path.clone()).collect();
    let mut there = Default::default();
    fs::create_dir_all(folder).context("failed to create target/templates")?;
    walk(folder, Path::new(""), &mut there)?;
    for (_, whole) in there.into_iter().filter(|(path, _)| !wanted.contains(path)) {
        remove(&whole, folder)?;
    }
    for (path, text) in files {
        let whole = folder.join(&path);
        if fs::read_to_string(&whole).is_ok_and(|old| old == text) {
            continue;
        }
        let written = fs::create_dir_all(whole.parent().unwrap_or(folder));
        written
            .and_then(|()| fs::write(&whole, text))
            .with_context(|| format!("failed to write {}", whole.display()))?;
    }
    Ok(())
}

/// Removes a file, and the folders that are empty without it: a folder in `apps/` is a package.
fn remove(file: &Path, folder: &Path) -> Result<()> {
    fs::remove_file(file).with_context(|| format!("failed to remove {}", file.display()))?;
    for parent in file
        .ancestors()
        .skip(1)
        .take_while(|parent| *parent != folder)
    {
        if fs::remove_dir(parent).is_err() {
            break;
        }
    }
    Ok(())
}
