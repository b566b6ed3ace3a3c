//! `{{ name }}` on the running kernel: what its user sees.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Test, refuses, sandbox, test};

const TESTS: &[Test] = &[
    test!(row_has_the_hits_of_a_process),
    test!(each_hit_is_counted_once),
    test!(only_that_process_is_counted),
    test!(process_of_a_container_has_its_number),
    test!(keys_over_the_limit_are_counted_together),
    test!(unchanged_keys_expire),
    test!(wrong_numbers_are_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// How often [`provoke`] hits the tracepoint: 100 times, and once when it ends.
const HITS: u64 = 101;

/// Hits the tracepoint, and returns the pid that did.
///
/// When you trace another one: do here what hits it.
fn provoke() -> Result<u32> {
    let script = "trap '' USR1; i=0; while [ $i -lt 100 ]; do kill -USR1 $$; i=$((i + 1)); done";
    let mut shell = Command::new("sh").args(["-c", script]).spawn()?;
    let pid = shell.id();
    shell.wait()?;
    Ok(pid)
}

fn row_has_the_hits_of_a_process() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "--interval", "0.1"])?;
    ensure!(app.title().starts_with("COMM             PID"), "{}", app.title());
    let pid = provoke()?.to_string();
    let is_whole = |row: &str| {
        let words: Vec<_> = row.split_whitespace().collect();
        words.len() == 4 && words[1] == pid && words[2] == HITS.to_string()
    };
    app.row(is_whole)?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn each_hit_is_counted_once() -> Result<()> {
    let app = App::start(&["{{ name }}", "-o", "json", "--once", "--strict"])?;
    let pids = [provoke()?, provoke()?];
    let documents = app.documents()?;
    for pid in pids {
        let mut of_pid = documents.iter().filter(|document| document["pid"] == pid);
        let hits = of_pid.next().with_context(|| format!("no {pid}: {documents:#?}"))?;
        ensure!(hits["hits"] == HITS && of_pid.next().is_none(), "{documents:#?}");
    }
    Ok(())
}

fn only_that_process_is_counted() -> Result<()> {
    let own = std::process::id();
    let app = App::start(&["{{ name }}", "-o", "json", "--once", "--pid", &own.to_string()])?;
    provoke()?;
    let documents = app.documents()?;
    let mut hits = documents.iter().filter(|document| document["type"] == "hits");
    ensure!(hits.all(|hit| hit["pid"] == own), "{documents:#?}");
    Ok(())
}

fn process_of_a_container_has_its_number() -> Result<()> {
    let app = ["{{ name }}", "--once", "--timeout", "1"];
    sandbox::filters_in_pid_namespace(&app, "while kill -CONT 1; do sleep 0.01; done")
}

fn keys_over_the_limit_are_counted_together() -> Result<()> {
    let app = App::start(&["{{ name }}", "-o", "json", "--once", "--keys", "1"])?;
    for _ in 0..3 {
        provoke()?;
    }
    let documents = app.documents()?;
    let all = documents.iter().filter(|document| document["type"] == "hits");
    let hits: u64 = all.clone().filter_map(|document| document["hits"].as_u64()).sum();
    ensure!(hits >= 3 * HITS, "{documents:#?}");
    let other = all.clone().find(|document| document["other"] == true).context("no other")?;
    ensure!(other.get("pid").is_none() && all.count() == 2, "{documents:#?}");
    Ok(())
}

fn unchanged_keys_expire() -> Result<()> {
    let args = ["{{ name }}", "-o", "json", "--interval", "0.1", "--expire", "0.1"];
    let mut app = App::start(&args)?;
    provoke()?;
    let other = app.document(|document| document["other"] == true)?;
    ensure!(other["hits"].as_u64() >= Some(HITS), "{other}");
    app.documents()?;
    Ok(())
}

fn wrong_numbers_are_refused() -> Result<()> {
    let wrong = [["--pid", "0"], ["--keys", "0"], ["--expire", "0"], ["--timeout", "x"]];
    refuses(&["{{ name }}"], &wrong)
}
