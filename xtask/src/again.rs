//! Tasks that need more than everybody is to compile: a feature of this library brings it, and the
//! program that lacks it is run again with it.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Error, Result, ensure};
use bpfapps_task::cargo;
use bpfapps_task::workspace::Workspace;

/// Set in the program that is run again, so that it is run again once.
const AGAIN: &str = "BPFAPPS_XTASK_FEATURE";

/// Becomes the same program with a feature more, given the same arguments. Answers only where that
/// fails.
pub(crate) fn with(feature: &str) -> Error {
    match command(feature) {
        Ok(mut command) => Error::new(command.exec()).context("failed to run cargo"),
        Err(error) => error,
    }
}

/// Every repository has a package of its own around this library, and cargo knows which.
fn command(feature: &str) -> Result<Command> {
    let own = env::current_exe().context("failed to find own program file")?;
    let program = own.file_name().unwrap_or_default().to_string_lossy();
    let package = Workspace::here()?.member_with(&program);
    let package = package.with_context(|| format!("no package here has the program {program}"))?;
    let feature = format!("{}/{feature}", env!("CARGO_PKG_NAME"));
    let has_it = env::var(AGAIN).is_ok_and(|with| with == feature);
    ensure!(!has_it, "cargo has built {program} without {feature}");
    let mut command = cargo::cargo(["run", "--package", &package.name, "--bin", &program]);
    command.args(["--features", &feature, "--"]);
    command.env(AGAIN, &feature);
    command.args(env::args_os().skip(1));
    Ok(command)
}
