//! Messages about objects that cannot be opened, and programs that cannot be loaded or attached.

mod bundle;
mod fixtures;
mod functions;
mod hooks;
mod loading;
mod mistakes;
mod objects;
mod reports;
mod reserve;
mod types;
mod verify;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Exit, Process, fixture};

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            objects::TESTS,
            loading::TESTS,
            reports::TESTS,
            hooks::TESTS,
            functions::TESTS,
            verify::TESTS,
            mistakes::TESTS,
            reserve::TESTS,
            types::TESTS,
            bundle::TESTS,
        ],
        &[
            fixtures::FIXTURES,
            loading::FIXTURES,
            objects::FIXTURES,
            types::FIXTURES,
        ],
    )
}

/// The command that runs a fixture.
fn run(name: &str, args: &[&str]) -> Result<Command> {
    let mut command = fixture(name)?;
    command.args(args);
    Ok(command)
}

/// Fails unless `command` ends with that error, hint and page, and nothing else is said: not by
/// libbpf either.
fn says(command: &mut Command, code: &str, error: &str, hint: &str) -> Result<()> {
    let exit = Process::run(command)?.expect_code(1)?;
    check(&exit, code, error, hint).with_context(|| format!("{exit:#?}"))
}

fn check(exit: &Exit, code: &str, error: &str, hint: &str) -> Result<()> {
    let [said, fix, more] = exit.stderr.as_slice() else {
        anyhow::bail!("not an error, a hint and a page");
    };
    ensure!(said.starts_with(&format!("error[{code}]: ")), "not {code}");
    ensure!(said.contains(error), "no `{error}`");
    ensure!(
        fix.starts_with(&format!("hint: {hint}")),
        "no hint `{hint}`"
    );
    ensure!(more == &format!("more: bpfapps explain {code}"), "no page");
    Ok(())
}
