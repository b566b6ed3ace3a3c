use std::env;
use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Fixture, Process, Test, fixture, skip, test};

pub(crate) const TESTS: &[Test] = &[
    test!(tests_of_all_modules_are_listed),
    test!(nextest_is_refused),
    test!(cargo_that_runs_in_nextest_is_not_refused),
    test!(fixture_ends_as_it_says),
    test!(fixture_without_a_list_is_an_error),
    test!(fixture_of_two_lists_is_an_error),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(fail), fixture!(twice)];
pub(crate) const MORE_FIXTURES: &[Fixture] = &[fixture!(twice)];

fn fail(args: &[String]) -> Result<()> {
    skip(args.join(" "))
}

fn twice(_: &[String]) -> Result<()> {
    Ok(())
}

/// This test binary, as cargo calls it.
fn own(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(args);
    // its tests are not reported as tests of this run
    command.env_remove("BPFAPPS_TEST_EVENTS");
    Ok(command)
}

fn tests_of_all_modules_are_listed() -> Result<()> {
    let mut command = own(&["--list", "--format", "terse"])?;
    let exit = Process::run(command.env_remove("NEXTEST"))?.expect_code(0)?;
    for name in ["nextest_is_refused", "nobody_is_an_ordinary_user"] {
        let line = format!("{name}: test");
        ensure!(exit.stdout.contains(&line), "{exit:#?}");
    }
    Ok(())
}

fn nextest_is_refused() -> Result<()> {
    let mut command = own(&["--list", "--format", "terse"])?;
    command.env("NEXTEST", "1");
    command.env("NEXTEST_BINARY_ID", "bpfapps-xdp::kernel");
    let exit = Process::run(&mut command)?.expect_code(1)?;
    ensure!(exit.stdout.is_empty(), "{exit:#?}");
    exit.expect_stderr("error: kernel tests do not run under cargo nextest: ")?
        .expect_stderr("`cargo test -p bpfapps-xdp --test kernel -- NAME`")?
        .expect_stderr("`cargo nextest run -E 'not binary(kernel)'`")?;
    Ok(())
}

fn cargo_that_runs_in_nextest_is_not_refused() -> Result<()> {
    let mut command = own(&["--exact", "fixture_ends_as_it_says"])?;
    let exit = Process::run(command.env("NEXTEST", "1"))?.expect_code(0)?;
    ensure!(
        exit.stdout.iter().any(|line| line.contains("1 passed")),
        "{exit:#?}"
    );
    Ok(())
}

fn fixture_ends_as_it_says() -> Result<()> {
    Process::run(fixture("fail")?.args(["both", "words"]))?
        .expect_code(99)?
        .expect_stderr("fixture fail: both words")?;
    Ok(())
}

fn fixture_without_a_list_is_an_error() -> Result<()> {
    Process::run(&mut fixture("unheard_of")?)?
        .expect_code(99)?
        .expect_stderr("fixture unheard_of: it is in no list")?;
    Ok(())
}

fn fixture_of_two_lists_is_an_error() -> Result<()> {
    Process::run(&mut fixture("twice")?)?
        .expect_code(99)?
        .expect_stderr("fixture twice: more than one has this name")?;
    Ok(())
}
