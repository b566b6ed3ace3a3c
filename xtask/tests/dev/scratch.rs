//! A workspace with one app, which a test may change: all else is that of the real one, and built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use toml_edit::{DocumentMut, Item, Table, value};

/// Its one app.
pub(crate) const APP: &str = "dev_probe";

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// With an app of that kind.
    pub(crate) fn new(kind: &str) -> Result<Self> {
        let folder = TempDir::new().context("no folder")?;
        let scratch = Self { folder };
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let real = real.canonicalize().context("no workspace")?;
        fs::create_dir_all(scratch.path("cli/src"))?;
        fs::copy(real.join("Cargo.lock"), scratch.path("Cargo.lock"))?;
        scratch.edit(&real, "Cargo.toml", |manifest| {
            let workspace = &mut manifest["workspace"];
            workspace["members"] =
                value(["apps/*", "cli"].into_iter().collect::<toml_edit::Array>());
            let dependencies = workspace["dependencies"].as_table_like_mut();
            for (_, dependency) in dependencies.context("no dependencies")?.iter_mut() {
                if let Some(path) = dependency.get("path").and_then(Item::as_str) {
                    let whole = real.join(path);
                    dependency["path"] = value(whole.to_string_lossy().as_ref());
                }
            }
            Ok(())
        })?;
        scratch.edit(&real, "cli/Cargo.toml", |manifest| {
            let all = manifest["dependencies"].as_table_mut().context("none")?;
            all.retain(|_, dependency| dependency.get("optional").is_none());
            let features = manifest["features"].as_table_mut().context("none")?;
            features.retain(|name, _| name == "static");
            features["default"] = value(toml_edit::Array::new());
            // a name of its own, since cargo puts it beside the real one
            let mut binary = Table::new();
            binary["name"] = value("bpfapps-of-dev");
            binary["path"] = value("src/main.rs");
            let mut binaries = toml_edit::ArrayOfTables::new();
            binaries.push(binary);
            manifest["bin"] = Item::ArrayOfTables(binaries);
            // those of the real one know its apps
            manifest.remove("test");
            Ok(())
        })?;
        copy(&real.join("cli/src"), &scratch.path("cli/src"))?;
        fs::write(scratch.path("cli/src/apps.rs"), "//! The apps.\n\n")?;
        let mut new = Command::new(XTASK);
        new.args(["new", APP, "--template", kind, "--root"]);
        let made = new.arg(scratch.folder.path()).output()?;
        ensure!(made.status.success(), "{made:?}");
        // however long that takes the first time
        let mut build = scratch.at_home(Command::new(env!("CARGO")));
        build.args(["build", "--package", "bpfapps", "--no-default-features"]);
        let built = build.args(["--features", APP]).output()?;
        ensure!(built.status.success(), "{built:?}");
        Ok(scratch)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn edit(
        &self,
        real: &Path,
        file: &str,
        change: impl FnOnce(&mut DocumentMut) -> Result<()>,
    ) -> Result<()> {
        let mut manifest: DocumentMut = fs::read_to_string(real.join(file))?.parse()?;
        change(&mut manifest).with_context(|| format!("failed to change {file}"))?;
        Ok(fs::write(self.path(file), manifest.to_string())?)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path());
        // what it depends on is compiled there already
        command.env("CARGO_TARGET_DIR", target());
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// The task on its app.
    pub(crate) fn dev(&self) -> Command {
        let mut command = Command::new(XTASK);
        command.args(["dev", APP]);
        self.at_home(command)
    }

    fn bpf(&self) -> PathBuf {
        self.path(&format!("apps/{APP}/src/bpf/{APP}.bpf.c"))
    }

    /// The app's BPF code.
    pub(crate) fn source(&self) -> Result<String> {
        fs::read_to_string(self.bpf()).context("no source")
    }

    /// Changes it, as an editor does that writes a file beside it first.
    pub(crate) fn save(&self, text: &str) -> Result<()> {
        ensure!(self.source().ok().as_deref() != Some(text), "no change");
        let beside = self.bpf().with_extension("c~");
        fs::write(&beside, text)?;
        fs::rename(beside, self.bpf()).context("failed to save")
    }

    pub(crate) fn remove_source(&self) -> Result<()> {
        fs::remove_file(self.bpf()).context("failed to remove")
    }

    /// Fails where a copy of the binary is left.
    pub(crate) fn is_left_clean(&self) -> Result<()> {
        for entry in fs::read_dir(target().join("debug"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_copy = name.starts_with(&format!("dev-{APP}-"));
            ensure!(!is_copy, "{} is left", path.display());
        }
        Ok(())
    }
}

/// The folder that xtask was built in.
fn target() -> PathBuf {
    let target = Path::new(XTASK).ancestors().nth(2);
    target.unwrap_or(Path::new("target")).to_owned()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
