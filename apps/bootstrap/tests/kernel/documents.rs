//! JSON.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, cli, fixture, sandbox, test};

use crate::APP;

pub(crate) const TESTS: &[Test] = &[
    test!(documents_are_what_the_schema_says),
    test!(times_are_those_outside_of_a_time_namespace),
];

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = App::start(&[APP, "-o", "json"])?;
    for (script, field, value) in [
        ("exit 7", "exit_code", 7.into()),
        ("kill -TERM $$", "signal", "SIGTERM".into()),
    ] {
        let mut child = Command::new("sh").args(["-c", script]).spawn()?;
        child.wait()?;
        let exec = app.document(|it| it["type"] == "exec" && it["pid"] == child.id())?;
        ensure!(
            exec["filename"] == "/usr/bin/sh" && exec["comm"] == "sh",
            "{exec}"
        );
        let exit = app.document(|it| it["type"] == "exit" && it["pid"] == child.id())?;
        let value: serde_json::Value = value;
        ensure!(
            exit[field] == value && exit["duration_since"] == "exec",
            "{exit}"
        );
    }
    let parent = Process::run(&mut fixture("fork_without_exec")?)?.pid;
    let forked = app.document(|it| it["type"] == "exit" && it["ppid"] == parent)?;
    ensure!(forked["duration_since"] == "start", "{forked}");
    app.documents()?;
    Ok(())
}

fn times_are_those_outside_of_a_time_namespace() -> Result<()> {
    let date = Process::run(Command::new("date").args(["-u", "+%FT%T"]))?;
    let before = date.stdout.concat();
    let command = cli([APP, "-o", "json", "--max-events", "1"]);
    let mut app = Process::start(&mut sandbox::in_time_namespace(&command)?)?;
    let mut time = |kind: &str| {
        let document: serde_json::Value = serde_json::from_str(&app.line(|it| it.contains(kind))?)?;
        let time = document["time"].as_str().context("no time")?;
        anyhow::Ok(time.to_owned())
    };
    let ready = time(r#""type":"ready""#)?;
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    let event = time(r#""type":"ex"#)?;
    // a day would be missing; the event may be of another process, and of before `ready`
    ensure!(
        ready >= before && event >= before,
        "{before}, {ready}, {event}"
    );
    Ok(())
}
