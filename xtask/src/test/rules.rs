//! The rules of `deny.toml` for what a workspace depends on.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::Result;
use bpfapps_task::workspace::root;

use super::Run;
use crate::cargo::cargo;
use crate::progress;
use crate::setup::{self, Stage};

/// Checks the dependencies against the rules, if there are any. Known vulnerabilities are in a
/// database that is not available everywhere.
pub(super) fn hold(run: &mut Run) -> Result<()> {
    if !root()?.join("deny.toml").exists() {
        return Ok(());
    }
    setup::ensure(Stage::Deny)?;
    run.checks([
        // also fetches dependencies of other platforms, which no build here needs
        ("cargo fetch", cargo(["fetch"])),
        ("cargo deny", deny(&["licenses", "bans", "sources"])),
    ])?;

    let fetched = progress::watch("fetching advisories", cargo(["deny", "fetch", "db"]))?;
    if fetched.status.success() || has_database() {
        return run.checks([("advisories", deny(&["advisories"]))]);
    }
    run.tally.leave_out(
        "cargo deny check advisories",
        "no database of advisories is here, or can be fetched",
    );
    Ok(())
}

fn deny(which: &[&str]) -> Command {
    let mut command = cargo(["deny", "--offline", "check", "--hide-inclusion-graph"]);
    command.args(which);
    command
}

/// True if a database was fetched before, to a folder of its own.
fn has_database() -> bool {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let databases = home.and_then(|home| fs::read_dir(home.join("advisory-dbs")).ok());
    let mut databases = databases.into_iter().flatten().flatten();
    databases.any(|entry| entry.path().is_dir())
}
