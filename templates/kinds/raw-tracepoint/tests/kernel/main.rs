//! `{{ name }}` on the running kernel: what its user sees.

use std::process::{self, Command, ExitCode};
use std::thread;

use anyhow::{Result, ensure};
use bpfapps_testkit::{App, Test, test};

const TESTS: &[Test] = &[
    test!(child_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(processes_leave_out_threads),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// Starts a child of ours, and returns its pid.
fn fork() -> Result<u32> {
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    Ok(child.id())
}

fn own() -> String {
    process::id().to_string()
}

fn child_has_a_row() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "--pid", &own()])?;
    ensure!(app.title().starts_with("TIME     BIRTH"), "{}", app.title());
    let pid = fork()?;
    let row = app.row(|row| row.ends_with(&format!(" {pid}")))?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[1] == "process" && words[3] == own(), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--pid", &own()])?;
    thread::spawn(|| ()).join().expect("a thread that does nothing");
    let born = app.document(|document| document["type"] == "thread")?;
    ensure!(born["child_pid"] == process::id(), "{born}");
    let pid = fork()?;
    app.document(|document| document["type"] == "process" && document["child_tid"] == pid)?;
    let documents = app.documents()?;
    let mut births = documents.iter().filter(|document| document["pid"].is_number());
    ensure!(births.all(|birth| birth["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

fn processes_leave_out_threads() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--processes", "--pid", &own()])?;
    thread::spawn(|| ()).join().expect("a thread that does nothing");
    let pid = fork()?;
    app.document(|document| document["child_pid"] == pid)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["type"] == "thread"), "{documents:#?}");
    Ok(())
}
