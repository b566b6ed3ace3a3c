//! `bpfapps runqlat` on the running kernel: what its user sees.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, fixture, refuses, test};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::{Pid, gettid};
use serde_json::Value;

const TESTS: &[Test] = &[
    test!(threads_that_share_a_cpu_wait),
    test!(histogram_has_bars),
    test!(other_processes_are_left_out),
    test!(each_cgroup_has_a_histogram),
    test!(wrong_values_are_refused),
];

const FIXTURES: &[Fixture] = &[fixture!(share)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Two threads want the same CPU for half a second: each waits for the other.
fn share(_: &[String]) -> Result<()> {
    let mut first = CpuSet::new();
    first.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &first).context("failed to keep to a CPU")?;
    let spin = || {
        let _ = gettid();
        let end = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end {}
    };
    let other = thread::spawn(spin);
    spin();
    other.join().ok().context("a thread has panicked")
}

fn provoke() -> Result<u32> {
    Ok(Process::run(&mut fixture("share")?)?.expect_code(0)?.pid)
}

fn waits(app: App) -> Result<Vec<Value>> {
    let mut documents = app.documents()?;
    documents.retain(|document| document["type"] == "waits");
    Ok(documents)
}

fn threads_that_share_a_cpu_wait() -> Result<()> {
    let app = App::start(&[
        "runqlat", "-o", "json", "--once", "--strict", "--by", "process",
    ])?;
    let pid = provoke()?;
    let waits = waits(app)?;
    let own = waits
        .iter()
        .find(|waits| waits["pid"] == pid)
        .context("it did not wait")?;
    // at any time one of the two waits
    let sum = Duration::from_nanos(own["latency_ns_sum"].as_u64().context("no sum")?);
    let most = Duration::from_secs(2);
    ensure!(sum > Duration::from_millis(400) && sum < most, "{own}");
    let (p50, p99) = (
        own["latency_ns_p50"].as_u64(),
        own["latency_ns_p99"].as_u64(),
    );
    ensure!(p50 <= p99 && p99 > Some(100_000), "{own}");
    Ok(())
}

fn histogram_has_bars() -> Result<()> {
    let mut app = App::start(&["runqlat", "--interval", "0.2"])?;
    ensure!(app.title().ends_with("LATENCY_NS"), "{}", app.title());
    app.row(|row| row.contains("p50=") && row.contains(" p99="))?;
    app.row(|row| row.trim_start().starts_with('[') && row.ends_with("@|"))?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn other_processes_are_left_out() -> Result<()> {
    let own = std::process::id();
    let app = App::start(&[
        "runqlat",
        "-o",
        "json",
        "--once",
        "--by",
        "process",
        "--pid",
        &own.to_string(),
    ])?;
    provoke()?;
    let waits = waits(app)?;
    ensure!(
        !waits.is_empty() && waits.iter().all(|waits| waits["pid"] == own),
        "{waits:#?}"
    );
    Ok(())
}

fn each_cgroup_has_a_histogram() -> Result<()> {
    let app = App::start(&["runqlat", "-o", "json", "--once", "--by", "cgroup"])?;
    provoke()?;
    let waits = waits(app)?;
    let has_cgroup = |waits: &Value| waits["cgroup"].as_u64() > Some(0);
    ensure!(
        !waits.is_empty() && waits.iter().all(has_cgroup),
        "{waits:#?}"
    );
    Ok(())
}

fn wrong_values_are_refused() -> Result<()> {
    refuses(&["runqlat"], &[["--pid", "0"], ["--by", "user"]])
}
