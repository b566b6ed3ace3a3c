//! No call is counted twice or missed without a word.

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, fixture, many, test};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::fixtures::{CALL, THREADS, are_all, counts, counts_and_skipped, provoke};

pub(crate) const TESTS: &[Test] = &[
    test!(calls_of_eight_threads_are_counted_exactly),
    test!(calls_of_many_processes_are_counted_exactly),
    test!(calls_that_find_the_table_full_are_counted_losses),
    test!(call_of_a_handler_is_no_call_of_minus_one),
];

/// The tables change over many times meanwhile, or it ends before they do once.
fn calls_of_eight_threads_are_counted_exactly() -> Result<()> {
    let times = u64::try_from(many(20_000))?;
    for interval in ["0.01", "3600"] {
        let mut args = vec!["syscount", "-o", "json", "--interval", interval];
        args.extend(["--syscall", CALL, "--process", "--latency"]);
        let app = App::start(&args)?;
        let pid = provoke(times)?;
        let (counts, skipped) = counts_and_skipped(app)?;
        let last = counts.iter().rfind(|count| count["pid"] == pid);
        let last = last.context("no calls")?;
        let is = |field: &str, expected| {
            let counted = last[field].as_u64().unwrap_or(0);
            ensure!(
                are_all(counted, skipped, expected),
                "{skipped} skipped: {last}"
            );
            Ok(())
        };
        is("calls", THREADS * times + 1)?;
        is("errors", 1)?;
        is("latency_ns_count", THREADS * times + 1)?;
    }
    Ok(())
}

/// Each process is a key, of which there are more than are counted by themselves, and each expires.
fn calls_of_many_processes_are_counted_exactly() -> Result<()> {
    let app = App::start(&[
        "syscount",
        "-o",
        "json",
        "--interval",
        "0.05",
        "--syscall",
        CALL,
        "--process",
        "--keys",
        "3",
        "--expire",
        "0.2",
    ])?;
    let processes = 40;
    for _ in 0..processes {
        provoke(10)?;
    }
    let (counts, skipped) = counts_and_skipped(app)?;
    // the largest is first, `other` last
    let end = counts
        .iter()
        .rposition(|count| count["other"] == true)
        .context("no other")?;
    let begin = counts[..end]
        .iter()
        .rposition(|count| count["other"] == true);
    let last = &counts[begin.map_or(0, |begin| begin + 1)..=end];
    let sum = |field: &str| -> u64 { last.iter().filter_map(|count| count[field].as_u64()).sum() };
    let expected = processes * (THREADS * 10 + 1);
    let are_all = are_all(sum("calls"), skipped, expected);
    ensure!(
        are_all && sum("errors") <= processes,
        "{skipped} skipped: {last:#?}"
    );
    ensure!(last.len() <= 4, "{last:#?}");
    Ok(())
}

/// The reader is stopped, so that all keys have to be in the table at the same time.
fn calls_that_find_the_table_full_are_counted_losses() -> Result<()> {
    let mut app = App::start(&[
        "syscount",
        "-o",
        "json",
        "--once",
        "--strict",
        "--process",
        "--syscall",
        CALL,
    ])?;
    // more than the 4096 that are empty, and as many in the other map
    let calls = 2 * 4096 + 100;
    app.process().signal(Signal::SIGSTOP)?;
    Process::run(fixture("names")?.arg(calls.to_string()))?.expect_code(0)?;
    app.process().signal(Signal::SIGCONT)?;
    app.process().signal(Signal::SIGINT)?;
    let exit = app.wait()?.expect_code(3)?;
    let documents = exit
        .stdout
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let counted: u64 = documents
        .filter_map(|document| document["calls"].as_u64())
        .sum();
    let number = |what: &str| -> u64 {
        let text = exit.stderr.join("; ");
        let before = text.split_once(what).map_or("", |(before, _)| before);
        before
            .rsplit(' ')
            .next()
            .and_then(|it| it.parse().ok())
            .unwrap_or(0)
    };
    let lost = number(" entries: a map was full");
    let skipped = number(" runs of a BPF program");
    ensure!(
        lost > 0 && are_all(counted + lost, skipped, calls),
        "{counted} counted: {:?}",
        exit.stderr
    );
    Ok(())
}

fn call_of_a_handler_is_no_call_of_minus_one() -> Result<()> {
    let app = App::start(&["syscount", "-o", "json", "--once", "--process"])?;
    let pid = Process::run(&mut fixture("handles")?)?.expect_code(0)?.pid;
    let counts = counts(app)?;
    let mut of_pid = counts.iter().filter(|count| count["pid"] == pid);
    let returned = of_pid
        .clone()
        .find(|count| count["syscall"] == "rt_sigreturn");
    let returned = returned.with_context(|| format!("no rt_sigreturn: {counts:#?}"))?;
    ensure!(
        returned["calls"] == 1 && returned["errors"] == 0,
        "{returned}"
    );
    let has_name = |count: &Value| {
        count["syscall"]
            .as_str()
            .is_some_and(|name| !name.contains(' '))
    };
    ensure!(of_pid.all(has_name), "{counts:#?}");
    Ok(())
}
