//! `cargo xtask add`: adds an app from a registry, or from another folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use bpfapps_task::workspace::Workspace;
use cargo_metadata::{MetadataCommand, Package};
use tempfile::TempDir;
use toml_edit::{DocumentMut, InlineTable, Item, value};

use super::Entry;
use crate::change::Change;
use crate::new::name::{self, Taken};
use crate::{cargo, dist, out, path};

/// The dependency that makes a package an app.
const CORE: &str = "bpfapps-core";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A crate, as in `cargo add`, or the folder of one
    #[arg(value_name = "CRATE|PATH")]
    source: String,
    /// The name of its app [default: the last word of the crate's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let here = Workspace::here()?;
    let (taken, root) = (Taken::within(here)?, here.root());
    let trial = Trial::new(root)?;
    let (source, package) = match folder(&options.source)? {
        Some(path) => (
            super::folder(&as_written(&path, root)),
            trial.folder(&path)?,
        ),
        None => trial.registry(&options.source)?,
    };
    let name = match &options.name {
        Some(name) => name,
        None => package.name.rsplit('-').next().unwrap_or_default(),
    };
    name::check(name, &package.name, &taken, &root.join("apps"))?;
    let library = package.targets.iter().find(|target| target.is_lib());
    let library = library.with_context(|| format!("{} has no library", package.name))?;

    let mut change = Change::new(root);
    let entry = Entry {
        name,
        package: &package.name,
        library: &library.name.replace('-', "_"),
        source,
    };
    entry.add(&mut change)?;
    for path in change.apply()? {
        out::result(path.display())?;
    }
    if options.name.is_none() {
        out::note(format_args!(
            "note: assuming that its app is called {name}; otherwise use --name"
        ));
    }
    out::result(format_args!("\nnext: cargo xtask run {name}"))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder that is meant, if it is one.
fn folder(source: &str) -> Result<Option<PathBuf>> {
    let path = Path::new(source);
    if path.join("Cargo.toml").is_file() {
        return Ok(Some(path.canonicalize().context("no such folder")?));
    }
    match source.contains('/') || source.starts_with('.') {
        true => bail!("there is no package in {source}"),
        false => Ok(None),
    }
}

/// The path as `cli/Cargo.toml` is to have it.
fn as_written(path: &Path, root: &Path) -> PathBuf {
    let inside = path.strip_prefix(root);
    inside.map_or_else(|_| path.to_owned(), |inside| Path::new("..").join(inside))
}

/// A package that depends on the app before the binary does: its dependencies must be compatible
/// with the workspace's core.
#[derive(Debug)]
struct Trial {
    folder: TempDir,
}

impl Trial {
    fn new(root: &Path) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let trial = Self { folder };
        let mut manifest: DocumentMut = "[package]\nname = \"trial\"\nedition = \"2024\"\n\
            [lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n"
            .parse()?;
        if let Some(core) = core(root)? {
            manifest["dependencies"][CORE] = core;
        }
        for (file, text) in [
            ("Cargo.toml", manifest.to_string()),
            ("lib.rs", String::new()),
        ] {
            fs::write(trial.path(file), text).context("failed to write a package")?;
        }
        // with the versions that are in use
        let lock = root.join("Cargo.lock");
        if lock.exists() {
            fs::copy(lock, trial.path("Cargo.lock")).context("failed to copy Cargo.lock")?;
        }
        Ok(trial)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Takes in the package in a folder.
    fn folder(&self, path: &Path) -> Result<Package> {
        let path = path.to_str().context("the path is not UTF-8")?;
        self.add(&["--path", path])?;
        self.check()
    }

    /// Takes in a crate of a registry, and finds its version.
    fn registry(&self, name: &str) -> Result<(InlineTable, Package)> {
        self.add(&[name])?;
        let package = self.check()?;
        let manifest: DocumentMut = self.manifest()?.parse()?;
        let found = manifest["dependencies"].get(&package.name);
        let source = match found.and_then(Item::as_value) {
            Some(toml_edit::Value::String(version)) => {
                InlineTable::from_iter([("version", version.value())])
            }
            Some(toml_edit::Value::InlineTable(table)) => table.clone(),
            _ => bail!("cargo does not say which version of {name} it found"),
        };
        Ok((source, package))
    }

    fn manifest(&self) -> Result<String> {
        fs::read_to_string(self.path("Cargo.toml")).context("failed to read a manifest")
    }

    /// cargo reports errors itself.
    fn add(&self, args: &[&str]) -> Result<()> {
        let mut add = cargo::cargo(["add", "--quiet", "--manifest-path"]);
        add.arg(self.path("Cargo.toml")).args(args);
        let status = add.stdin(Stdio::null()).status();
        match status.context("failed to run cargo")?.success() {
            true => Ok(()),
            false => bail!("cargo can not add it: nothing was changed"),
        }
    }

    /// The package, if it is compatible with the workspace and an app.
    fn check(&self) -> Result<Package> {
        let manifest: DocumentMut = self.manifest()?.parse()?;
        let table = manifest["dependencies"].as_table();
        let names = table.into_iter().flat_map(|table| table.iter());
        let mut names = names.map(|(name, _)| name);
        let name = names.find(|name| *name != CORE);
        let name = name.with_context(|| format!("{CORE} is not an app"))?;
        let metadata = MetadataCommand::new()
            .cargo_path(path::cargo())
            .manifest_path(self.path("Cargo.toml"))
            .other_options(["--filter-platform".to_owned(), dist::host()?])
            .exec();
        let metadata = metadata.with_context(|| format!("{name} does not fit in here"))?;
        let mut packages = metadata.packages.into_iter();
        let package = packages.find(|package| package.name == name);
        let package =
            package.with_context(|| format!("{name} is not an app: it has no library"))?;
        let mut dependencies = package.dependencies.iter();
        match dependencies.any(|dependency| dependency.name == CORE) {
            true => Ok(package),
            false => bail!("{name} is not an app: it does not depend on {CORE}"),
        }
    }
}

/// The workspace's requirement of core, as it reads elsewhere.
fn core(root: &Path) -> Result<Option<Item>> {
    let manifest = root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("failed to read {}", manifest.display()))?;
    let manifest: DocumentMut = text.parse()?;
    let workspace = manifest.get("workspace");
    let versions = workspace.and_then(|workspace| workspace.get("dependencies"));
    let core = versions.and_then(|versions| versions.get(CORE));
    let Some(mut core) = core.cloned() else {
        return Ok(None);
    };
    if let Some(path) = core.get("path").and_then(Item::as_str) {
        let whole = root.join(path);
        core["path"] = value(whole.to_str().context("the path is not UTF-8")?);
    }
    Ok(Some(core))
}
