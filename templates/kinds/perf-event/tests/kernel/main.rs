//! `{{ name }}` on the running kernel: what its user sees.
#![allow(unsafe_code, reason = "a function under a name that can be looked up")]

use std::fs;
use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, sandbox, test};

const TESTS: &[Test] = &[
    test!(busy_function_has_a_row),
    test!(other_processes_are_left_out),
    test!(process_of_a_container_has_its_number),
    test!(documents_are_what_the_schema_says),
    test!(only_the_wanted_stack_is_shown),
    test!(impossible_frequency_is_explained),
];

const FIXTURES: &[Fixture] = &[fixture!(burn_user), fixture!(burn_kernel)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// What the fixture is busy with.
// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn burned_by_tests(mut rounds: u64) -> u64 {
    while rounds > 0 {
        rounds -= 1;
    }
    rounds
}

/// Is busy in user space, until it is killed.
fn burn_user(_: &[String]) -> Result<()> {
    loop {
        black_box(burned_by_tests(black_box(1_000_000_000)));
    }
}

/// Is busy in the kernel, until it is killed.
fn burn_kernel(_: &[String]) -> Result<()> {
    loop {
        black_box(fs::read("/proc/self/smaps")?);
    }
}

fn busy_function_has_a_row() -> Result<()> {
    let process = Process::start(&mut fixture("burn_user")?)?;
    let pid = process.pid().to_string();
    let mut app = App::start(&["{{ name }}", "--pid", &pid])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let row = app.row(|row| row.contains("burned_by_tests"))?;
    ensure!(row.split_whitespace().nth(2) == Some(&pid), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn other_processes_are_left_out() -> Result<()> {
    let _other = Process::start(&mut fixture("burn_user")?)?;
    let process = Process::start(&mut fixture("burn_user")?)?;
    let pid = process.pid().to_string();
    let mut app = App::start(&["{{ name }}", "--pid", &pid])?;
    // so many that the other one would have been there as well
    for _ in 0..20 {
        app.row(|row| row.contains("burned_by_tests"))?;
    }
    let exit = app.end()?;
    let (_title, rows) = exit.stdout.split_first().context("a title")?;
    for row in rows {
        ensure!(row.split_whitespace().nth(2) == Some(&pid), "{row}");
    }
    Ok(())
}

fn process_of_a_container_has_its_number() -> Result<()> {
    let app = ["{{ name }}", "-n", "1"];
    sandbox::filters_in_pid_namespace(&app, "while :; do :; done")
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let process = Process::start(&mut fixture("burn_kernel")?)?;
    // every sample of all processes would be a document to check
    let pid = process.pid().to_string();
    let mut app = App::start(&["{{ name }}", "-o", "json", "--frequency", "199", "--pid", &pid])?;
    let sample = app.document(|document| {
        let stack = document["kernel_stack"].as_array();
        // where every system call ends up
        let is_call = |name: &str| name.starts_with("do_syscall_64") || name == "el0_svc";
        let mut names = stack.into_iter().flatten().filter_map(|name| name.as_str());
        document["pid"] == process.pid() && names.any(is_call)
    })?;
    ensure!(sample["type"] == "sample", "{sample}");
    app.documents()?;
    Ok(())
}

fn only_the_wanted_stack_is_shown() -> Result<()> {
    let process = Process::start(&mut fixture("burn_kernel")?)?;
    let pid = process.pid().to_string();
    for (option, absent) in [("--user", "kernel_stack"), ("--kernel", "user_stack")] {
        let mut app = App::start(&["{{ name }}", "-o", "json", option, "--pid", &pid])?;
        app.document(|document| document["type"] == "sample")?;
        let documents = app.documents()?;
        let mut samples = documents.iter().filter(|document| document["type"] == "sample");
        let is_absent = samples.all(|it| it[absent].as_array().is_some_and(Vec::is_empty));
        ensure!(is_absent, "{option}: {documents:#?}");
        let other = documents.iter().filter(|document| document["pid"] != process.pid());
        ensure!(other.count() == 1, "{documents:#?}");
    }
    Ok(())
}

fn impossible_frequency_is_explained() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--frequency", "1000000000"]))?
        .expect_code(1)?
        .expect_stderr("error: failed to open a perf event: Invalid argument")?
        .expect_stderr("perf_event_max_sample_rate")?;
    Ok(())
}
