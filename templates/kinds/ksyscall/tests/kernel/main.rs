//! `{{ name }}` on the running kernel: what its user sees.

use std::process::{self, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, skip, test};
use nix::sys::signal::kill;
use nix::unistd::Pid;

const TESTS: &[Test] = &[
    test!(call_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(other_processes_are_left_out),
    test!(short_calls_are_left_out),
    test!(only_failures_are_reported),
    test!(missing_system_call_is_named),
    test!(kernel_without_kprobes_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(signal)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Makes the system call that the tests trace: once with success, once without.
///
/// When you trace another one: make that.
fn signal(_: &[String]) -> Result<()> {
    kill(Pid::this(), None).context("failed to signal this process")?;
    ensure!(kill(Pid::from_raw(NOBODY), None).is_err(), "there is such a process");
    Ok(())
}

/// A number that no process has.
const NOBODY: i32 = i32::MAX;

/// Runs the fixture, and returns its pid.
fn provoke() -> Result<u32> {
    Ok(Process::run(&mut fixture("signal")?)?.expect_code(0)?.pid)
}

fn start(more: &[&str]) -> Result<App> {
    needs::kprobes()?;
    App::start(&[&["{{ name }}", "--syscall", "kill"], more].concat())
}

fn call_has_a_row() -> Result<()> {
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke()?.to_string();
    for (result, whom) in [("0", pid.parse()?), ("ESRCH", NOBODY)] {
        let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
        let words: Vec<_> = row.split_whitespace().collect();
        let ms: f64 = words[4].parse().context("no duration")?;
        ensure!((0.0..5_000.0).contains(&ms) && words[5] == result, "{row}");
        let first = u32::from_str_radix(words[6].trim_start_matches("0x"), 16)?;
        ensure!(i32::try_from(first) == Ok(whom) && words[7] == "0x00", "{row}");
    }
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = start(&["-o", "json"])?;
    let pid = provoke()?;
    let call = app.document(|it| it["pid"] == pid && it["result"] != 0)?;
    ensure!(call["type"] == "call" && call["error"] == "ESRCH", "{call}");
    app.documents()?;
    Ok(())
}

fn other_processes_are_left_out() -> Result<()> {
    let mut app = start(&["-o", "json", "--pid", &process::id().to_string()])?;
    provoke()?;
    signal(&[])?;
    app.document(|document| document["pid"] == process::id())?;
    let documents = app.documents()?;
    let mut calls = documents.iter().filter(|document| document["type"] == "call");
    ensure!(calls.all(|call| call["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

fn short_calls_are_left_out() -> Result<()> {
    let app = start(&["-o", "json", "--duration", "60000"])?;
    provoke()?;
    let documents = app.documents()?;
    ensure!(documents.len() == 1, "no call took a minute: {documents:#?}");
    Ok(())
}

fn only_failures_are_reported() -> Result<()> {
    let mut app = start(&["-o", "json", "--failed"])?;
    let pid = provoke()?;
    app.document(|it| it["pid"] == pid)?;
    let documents = app.documents()?;
    let mut calls = documents.iter().filter(|it| it["type"] == "call");
    ensure!(calls.all(|call| call["error"].is_string()), "{documents:#?}");
    Ok(())
}

fn missing_system_call_is_named() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "-s", "no_such_call"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0041]: failed to attach handle_return to the system call no_such_call")?
        .expect_stderr(": this kernel has no such system call: ")?;
    Ok(())
}

fn kernel_without_kprobes_is_named() -> Result<()> {
    if needs::kprobes().is_ok() {
        return skip("this kernel has kprobes");
    }
    Process::run(&mut cli(["{{ name }}"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0051]: failed to attach handle_return to the system call ")?
        .expect_stderr(": this kernel has no kprobes: ")?;
    Ok(())
}
