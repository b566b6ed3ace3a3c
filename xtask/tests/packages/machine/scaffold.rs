//! The package of somebody's own repository, as `new --standalone` makes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_task::workspace::Workspace;
use bpfapps_xtask::dist::{Facts, Format, fill, pack};
use bpfapps_xtask::target::Target;
use tempfile::TempDir;

/// The name of the repository and its binary, which cargo puts beside the real one.
pub(super) const BINARY: &str = "bpfapps-of-fleet";

/// Its one app.
pub(super) const APP: &str = "signals";

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// The package, in that folder; its app reports who hits a tracepoint.
pub(super) fn package(folder: &TempDir) -> Result<PathBuf> {
    let root = folder.path().join(BINARY);
    let mut new = Command::new(XTASK);
    new.args(["new", APP, "--template", "tracepoint"]);
    new.args(["--set", "tracepoint=signal/signal_generate"]);
    finish(new.arg("--standalone").arg(&root))?;
    // the versions that are built already
    let here = Workspace::here()?;
    fs::copy(here.root().join("Cargo.lock"), root.join("Cargo.lock"))?;
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", BINARY]);
    // its dependencies are compiled there already
    build.env("CARGO_TARGET_DIR", target()?);
    build.env("CARGO_NET_OFFLINE", "true");
    finish(build.current_dir(&root))?;

    let program = target()?.join("debug").join(BINARY);
    let facts = Facts::of(&Workspace::at(&root)?, Target::Here, &program)?;
    let shipped = folder.path().join("dist");
    let manifest = root.join("cli/Cargo.toml");
    fill(&shipped, &program, &facts, [&*manifest].into_iter())?;
    let packed = pack(&shipped, &facts, &[Format::Deb])?;
    let package = packed.first().context("no package")?;
    Ok(shipped.join(package))
}

/// The folder that xtask was built in.
fn target() -> Result<&'static Path> {
    let target = Path::new(XTASK).ancestors().nth(2);
    target.context("no target folder")
}

fn finish(command: &mut Command) -> Result<()> {
    let ended = command.output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{command:?}: {said}");
    Ok(())
}
