use std::any::Any;
use std::env;
use std::panic::catch_unwind;
use std::process::ExitCode;

use anyhow::{Result, bail};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::unistd::geteuid;

use crate::events::Outcome;
use crate::fixture::{FIXTURE, Fixture};
use crate::skipped::Skipped;
use crate::{events, nextest, sandbox};

/// A test on the running kernel.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The function's name.
    pub name: &'static str,
    /// Does it, or says what went wrong.
    pub run: fn() -> Result<()>,
}

/// The [`Test`] of a function.
#[macro_export]
macro_rules! test {
    ($name:ident) => {
        $crate::Test {
            name: stringify!($name),
            run: $name,
        }
    };
}

/// Set on a machine where each process costs milliseconds.
const SLOW: &str = "BPFAPPS_TEST_SLOW";

/// `count` processes, or fewer on an emulated machine, where they take minutes. The assertions of a
/// test must hold for both.
pub fn many(count: usize) -> usize {
    match env::var_os(SLOW) {
        Some(_) => count / 8,
        None => count,
    }
}

/// The `main` of a test binary. It runs the tests of its modules one after another, because they
/// examine what is loaded in the only kernel.
///
/// Without root they are counted as skipped, with the reason printed. Under cargo-nextest none runs.
#[expect(clippy::print_stderr, reason = "nobody else prints it")]
pub fn main(tests: &[&[Test]], fixtures: &[&[Fixture]]) -> ExitCode {
    if let Ok(name) = env::var(FIXTURE) {
        return run_fixture(&name, &fixtures.concat());
    }
    let mut args = Arguments::from_args();
    if let Some(why) = nextest::refusal(&args) {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    args.test_threads.get_or_insert(1);
    let trials = tests
        .concat()
        .into_iter()
        .map(|Test { name, run }| {
            Trial::ignorable_test(name, move || match events::tell(name, || attempt(run)) {
                Outcome::Passed => Ok(Completion::Completed),
                Outcome::Skipped(reason) => Ok(Completion::ignored_with(reason)),
                Outcome::Failed(reason) => Err(Failed::from(reason)),
            })
        })
        .collect();
    libtest_mimic::run(&args, trials).exit_code()
}

fn attempt(run: fn() -> Result<()>) -> Outcome {
    if !geteuid().is_root() {
        return Outcome::Skipped("needs root".to_owned());
    }
    match catch_unwind(run) {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(err)) => match err.downcast::<Skipped>() {
            Ok(Skipped(reason)) => Outcome::Skipped(reason),
            Err(err) => Outcome::Failed(format!("{err:#}")),
        },
        Err(panic) => Outcome::Failed(format!("panicked: {}", words(&*panic))),
    }
}

/// The message of a panic.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
}

#[expect(
    clippy::print_stderr,
    reason = "a program of its own, started by a test"
)]
fn run_fixture(name: &str, fixtures: &[Fixture]) -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let run = || {
        if name == sandbox::NAME {
            return sandbox::enter(&args);
        }
        let named: Vec<_> = fixtures.iter().filter(|it| it.name == name).collect();
        match named[..] {
            [fixture] => (fixture.run)(&args),
            [] => bail!("it is in no list"),
            _ => bail!("more than one has this name"),
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("fixture {name}: {err:#}");
            ExitCode::from(99)
        }
    }
}
