//! A workspace with one app, which a test may change; its dependencies are built already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// The name of the repository and its binary, which cargo puts beside the real one.
pub(crate) const BINARY: &str = "bpfapps-of-dev";

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
        let mut new = Command::new(XTASK);
        new.args(["new", APP, "--template", kind, "--standalone"]);
        let made = new.arg(scratch.path("")).output()?;
        ensure!(made.status.success(), "{made:?}");
        // the versions that are here already
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(lock, scratch.path("Cargo.lock"))?;
        // takes long the first time
        scratch.build()?;
        Ok(scratch)
    }

    /// Builds its binary.
    pub(crate) fn build(&self) -> Result<()> {
        let mut build = self.at_home(Command::new(env!("CARGO")));
        let built = build.args(["build", "--package", BINARY]).output()?;
        let said = String::from_utf8_lossy(&built.stderr);
        ensure!(built.status.success(), "{said}");
        Ok(())
    }

    /// Builds what dev does, as another dev.
    pub(crate) fn build_like_dev(&self) -> Result<()> {
        let mut build = self.at_home(Command::new(env!("CARGO")));
        build.args(["build", "--package", BINARY, "--target-dir"]);
        build.arg(target().join("dev"));
        build.env("CARGO_BUILD_BUILD_DIR", target());
        let args = ["--no-default-features", "--features", APP];
        let built = build.args(args).output()?;
        ensure!(built.status.success(), "{built:?}");
        Ok(())
    }

    /// The binary with all its apps.
    pub(crate) fn program(&self) -> PathBuf {
        target().join("debug").join(BINARY)
    }

    /// Its app, as it was built last.
    pub(crate) fn app(&self) -> Command {
        let mut command = Command::new(self.program());
        command.arg(APP);
        command
    }

    /// A file of the workspace.
    pub(crate) fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| format!("failed to read {name}"))
    }

    /// Changes a file of the workspace.
    pub(crate) fn change(
        &self,
        name: &str,
        change: impl FnOnce(&str) -> Result<String>,
    ) -> Result<()> {
        fs::write(self.path(name), change(&self.read(name)?)?).context("failed to save")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(BINARY).join(name)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.current_dir(self.path(""));
        // its dependencies are compiled there already
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

    /// Saves it as editors do that write a second file first.
    pub(crate) fn save(&self, text: &str) -> Result<()> {
        ensure!(self.source().ok().as_deref() != Some(text), "no change");
        let beside = self.bpf().with_extension("c~");
        fs::write(&beside, text)?;
        fs::rename(beside, self.bpf()).context("failed to save")
    }

    pub(crate) fn remove_source(&self) -> Result<()> {
        fs::remove_file(self.bpf()).context("failed to remove")
    }

    /// Fails if a copy of the binary is left.
    pub(crate) fn is_left_clean(&self) -> Result<()> {
        for entry in fs::read_dir(target().join("dev/debug"))? {
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
