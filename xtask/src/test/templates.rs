//! The apps rendered from all templates, in one workspace below `target/`, tested like the apps of
//! this one. Their dependencies are built already.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_templates::{App, Kind, Release, standalone};

use bpfapps_task::workspace::root;

use crate::cargo;
use crate::change::Change;
use crate::change::walk::walk;
use crate::new::{add, kind};

/// The package in place of the one in `cli/`, with another name so that its binary does not
/// overwrite that one's.
pub(crate) const PACKAGE: &str = "bpfapps-of-templates";

/// True if this workspace has templates.
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
        let release = Release::new()?;
        let mut change = Change::new(&folder);
        for file in standalone(PACKAGE, "tracepoint", "tracepoint", &release)? {
            change.create(file.path, file.text);
        }
        // the versions that are built already
        let lock = root.join("Cargo.lock");
        let text = fs::read_to_string(&lock);
        let text = text.with_context(|| format!("failed to read {}", lock.display()))?;
        change.create("Cargo.lock", text);
        for kind in kinds {
            let app = App {
                binary: PACKAGE,
                name: &kind.name.replace('-', "_"),
                values: &kind.defaults(),
            };
            add(&kind, &app, &release, &mut change)?;
        }
        sync(&folder, change.into_files())?;
        Ok(Self {
            folder,
            target: target()?,
        })
    }

    /// A call of cargo in there, which uses what is built here.
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

/// The folder that this very program was built in.
fn target() -> Result<PathBuf> {
    let own = env::current_exe().context("failed to find own program file")?;
    let target = own.ancestors().nth(2).context("no target folder")?;
    Ok(target.to_owned())
}

/// Makes `folder` contain exactly `files`; an unchanged file keeps its time stamp.
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
