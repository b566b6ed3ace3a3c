//! JSON.

use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{App, Process, Test, fixture, test};

use crate::APP;

pub(crate) const TESTS: &[Test] = &[test!(documents_are_what_the_schema_says)];

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
