//! `{{ name }}` on the running kernel: what its user sees.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, fixture, refuses, sandbox, test};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

const TESTS: &[Test] = &[
    test!(wait_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(short_waits_and_other_processes_are_left_out),
    test!(process_of_a_container_has_its_number),
    test!(wrong_wait_is_refused),
];

const FIXTURES: &[Fixture] = &[fixture!(crowd_a_cpu)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Three threads that all want the same CPU, for as long as was said.
fn crowd_a_cpu(args: &[String]) -> Result<()> {
    let ms = args.first().context("how long")?.parse()?;
    let mut first = CpuSet::new();
    first.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &first)?;
    let end = Instant::now() + Duration::from_millis(ms);
    let spin = move || while Instant::now() < end {};
    let threads = [spin; 3].map(thread::spawn);
    for thread in threads {
        thread.join().ok().context("a thread panicked")?;
    }
    Ok(())
}

/// Runs the fixture, and returns its pid.
fn provoke() -> Result<u32> {
    Ok(Process::run(fixture("crowd_a_cpu")?.arg("300"))?.expect_code(0)?.pid)
}

fn wait_has_a_row() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "--wait", "500"])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke()?.to_string();
    // a wait for the CPU that the three crowd
    let row = app.row(|row| {
        let words: Vec<_> = row.split_whitespace().collect();
        words.len() >= 8 && words[2] == pid && words[4] == "0"
    })?;
    let wait = row.split_whitespace().nth(5).context("no wait")?;
    let ms: f64 = wait.parse().with_context(|| row.clone())?;
    ensure!((0.5..20_000.0).contains(&ms), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--wait", "0"])?;
    let pid = provoke()?;
    // one thread behind another of its kind
    let wait = app.document(|document| document["pid"] == pid && document["prev_pid"] == pid)?;
    ensure!(wait["type"] == "wait" && wait["tid"] != wait["prev_tid"], "{wait}");
    app.documents()?;
    Ok(())
}

fn short_waits_and_other_processes_are_left_out() -> Result<()> {
    let own = std::process::id().to_string();
    let app = App::start(&["{{ name }}", "-o", "json", "--wait", "0", "--pid", &own])?;
    provoke()?;
    let documents = app.documents()?;
    let mut waits = documents.iter().filter(|document| document["type"] == "wait");
    ensure!(waits.all(|wait| wait["pid"] == std::process::id()), "{documents:#?}");

    let app = App::start(&["{{ name }}", "-o", "json", "--wait", "60000000"])?;
    provoke()?;
    let documents = app.documents()?;
    ensure!(documents.len() == 1, "nothing waited a minute: {documents:#?}");
    Ok(())
}

/// In a container, --pid and the rows have the numbers that are known there.
fn process_of_a_container_has_its_number() -> Result<()> {
    let app = ["{{ name }}", "--wait", "0", "-n", "1"];
    sandbox::filters_in_pid_namespace(&app, "while sleep 0.01; do :; done")
}

fn wrong_wait_is_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--wait", "-1"]])
}
