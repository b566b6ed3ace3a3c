//! Tasks that need more than everybody is to compile: a feature of this library brings it, and the
//! program that lacks it is run again with it.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{self, Command};

use anyhow::{Context, Error, Result, ensure};
use bpfapps_task::cargo;
use bpfapps_task::workspace::Workspace;

/// Set for the second run of the program, so that there is only one: the feature, and the process
/// id, which exec preserves. Children inherit the variable, but have another id.
const AGAIN: &str = "BPFAPPS_XTASK_FEATURE";

/// Becomes the same program with a feature more, given the same arguments. Answers only where that
/// fails.
pub(crate) fn with(feature: &str) -> Error {
    match again(feature) {
        Ok(mut command) => Error::new(command.exec()).context("failed to run cargo"),
        Err(error) => error,
    }
}

fn again(feature: &str) -> Result<Command> {
    let own = env::current_exe().context("failed to find own program file")?;
    let program = own.file_name().unwrap_or_default().to_string_lossy();
    let feature = format!("{}/{feature}", env!("CARGO_PKG_NAME"));
    let has_it = env::var(AGAIN).is_ok_and(|with| with == mark(&feature));
    ensure!(!has_it, "cargo has built {program} without {feature}");
    let mut command = command(&program, &feature)?;
    command.args(env::args_os().skip(1));
    Ok(command)
}

/// Every repository has a package of its own around this library, and cargo knows which.
fn command(program: &str, feature: &str) -> Result<Command> {
    let package = Workspace::here()?.member_with(program);
    let package = package.with_context(|| format!("no package here has the program {program}"))?;
    let mut command = cargo::cargo(["run", "--package", &package.name, "--bin", program]);
    command.args(["--features", feature, "--"]);
    command.env(AGAIN, mark(feature));
    Ok(command)
}

fn mark(feature: &str) -> String {
    format!("{feature} {}", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_runs_the_package_that_has_the_program() -> Result<()> {
        let command = command("xtask", "bpfapps-xtask/vm")?;
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        assert_eq!(
            words.join(" "),
            "run --package bpfapps-xtask --bin xtask --features bpfapps-xtask/vm --"
        );
        Ok(())
    }

    #[test]
    fn a_program_of_no_package_is_told_so() {
        let failed = again("vm").map_err(|error| error.to_string());
        let failed = failed.expect_err("a test is no program of a package");
        assert!(
            failed.starts_with("no package here has the program "),
            "{failed}"
        );
    }
}
