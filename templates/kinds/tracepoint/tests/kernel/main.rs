//! `{{ name }}` on the running kernel: what its user sees.

use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use bpfapps_testkit::{App, Test, refuses, sandbox, test};

const TESTS: &[Test] = &[
    test!(hit_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(only_that_process_is_reported),
    test!(process_of_a_container_has_its_number),
    test!(wrong_pid_is_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// Hits the tracepoint, and returns the pid that did.
///
/// When you trace another one: do here what hits it.
fn provoke() -> Result<u32> {
    let mut shell = Command::new("sh").args(["-c", "kill -USR1 $$"]).spawn()?;
    let pid = shell.id();
    shell.wait()?;
    Ok(pid)
}

fn hit_has_a_row() -> Result<()> {
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke()?;
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid.to_string()))?;
    ensure!(row.contains('='), "no field: {row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json"])?;
    let pid = provoke()?;
    let hit = app.document(|document| document["pid"] == pid)?;
    ensure!(hit["type"] == "hit", "{hit}");
    app.documents()?;
    Ok(())
}

fn only_that_process_is_reported() -> Result<()> {
    let own = std::process::id();
    let app = App::start(&["{{ name }}", "-o", "json", "--pid", &own.to_string()])?;
    provoke()?;
    let documents = app.documents()?;
    let mut hits = documents.iter().filter(|document| document["type"] == "hit");
    ensure!(hits.all(|hit| hit["pid"] == own), "{documents:#?}");
    Ok(())
}

fn process_of_a_container_has_its_number() -> Result<()> {
    let app = ["{{ name }}", "-n", "1"];
    sandbox::filters_in_pid_namespace(&app, "while kill -CONT 1; do sleep 0.01; done")
}

fn wrong_pid_is_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--pid", "0"]])
}
