//! Events that filters leave out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, cli, sandbox, test};
use nix::sys::signal::Signal;

use crate::row::{Row, ready, rows_of, start};

pub(crate) const TESTS: &[Test] = &[
    test!(failed_only_leaves_out_success),
    test!(exit_codes_add_up),
    test!(names_add_up),
    test!(names_are_bytes),
    test!(only_that_process_is_reported),
    test!(user_is_found_by_name_and_number),
    test!(wrong_values_are_refused),
];

/// Runs each script in a shell under a procs with `args`, and returns each one's rows.
fn traced<const N: usize>(args: &[&str], scripts: [&str; N]) -> Result<[Vec<Row>; N]> {
    let procs = start(args)?;
    let mut pids = [0; N];
    for (pid, script) in pids.iter_mut().zip(scripts) {
        let mut child = Command::new("sh").args(["-c", script]).spawn()?;
        child.wait()?;
        *pid = child.id();
    }
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    Ok(pids.map(|pid| rows_of(pid, &exit.stdout)))
}

/// Ends a procs and returns all of its rows.
fn all_rows(procs: Process) -> Result<Vec<Row>> {
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    Ok(exit
        .stdout
        .iter()
        .filter_map(|line| Row::of(line))
        .collect())
}

fn events(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.event.as_str()).collect()
}

fn failed_only_leaves_out_success() -> Result<()> {
    let [good, bad, killed] = traced(&["--failed-only"], ["exit 0", "exit 3", "kill -KILL $$"])?;
    ensure!(good.is_empty(), "{good:?}");
    ensure!(
        events(&bad) == ["EXIT"] && events(&killed) == ["EXIT"],
        "{bad:?} {killed:?}"
    );
    Ok(())
}

fn exit_codes_add_up() -> Result<()> {
    let args = ["--exit-code", "3", "--exit-code", "0"];
    let scripts = ["exit 3", "exit 0", "exit 4", "kill -KILL $$"];
    let [three, zero, four, killed] = traced(&args, scripts)?;
    ensure!(
        events(&three) == ["EXIT"] && events(&zero) == ["EXIT"],
        "{three:?} {zero:?}"
    );
    // what a signal has ended has no code, not the code 0
    ensure!(four.is_empty() && killed.is_empty(), "{four:?} {killed:?}");
    Ok(())
}

fn names_add_up() -> Result<()> {
    let args = ["--comm", "sh", "--comm", "sleep"];
    // with paths: a shell that has these commands built in is not to use them
    let [shell, other, sleep] =
        traced(&args, ["exit 0", "exec /bin/true", "exec /bin/sleep 0.01"])?;
    ensure!(events(&shell) == ["EXEC", "EXIT"], "{shell:?}");
    // it was a shell when it came, and is none when it goes
    ensure!(events(&other) == ["EXEC"], "{other:?}");
    ensure!(events(&sleep) == ["EXEC", "EXEC", "EXIT"], "{sleep:?}");
    Ok(())
}

fn names_are_bytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // as text they are the same
    let [named, other] = [b"\xffname", b"\xfename"].map(|name| OsStr::from_bytes(name));
    let mut command = cli(["procs", "--comm"]);
    let procs = ready(command.arg(named))?;
    let mut pids = Vec::new();
    for name in [other, named] {
        let path = folder.path().join(name);
        symlink("/bin/true", &path)?;
        // busybox selects its program by the name it is called by
        let mut child = Command::new(&path).arg0("true").spawn()?;
        child.wait()?;
        pids.push(child.id());
    }
    let rows = all_rows(procs)?;
    ensure!(rows.iter().all(|row| row.pid == pids[1]), "{rows:?}");
    ensure!(events(&rows) == ["EXEC", "EXIT"], "{rows:?}");
    Ok(())
}

fn only_that_process_is_reported() -> Result<()> {
    let mut waiting = Command::new("sh")
        .args(["-c", "read line; exec /bin/true"])
        .stdin(std::process::Stdio::piped())
        .spawn()?;
    let procs = start(&["--pid", &waiting.id().to_string()])?;
    Command::new("true").status()?;
    drop(waiting.stdin.take());
    waiting.wait()?;
    let rows = all_rows(procs)?;
    ensure!(rows.iter().all(|row| row.pid == waiting.id()), "{rows:?}");
    ensure!(events(&rows) == ["EXEC", "EXIT"], "{rows:?}");
    Ok(())
}

fn user_is_found_by_name_and_number() -> Result<()> {
    for user in ["nobody", "65534"] {
        let procs = start(&["--uid", user])?;
        Command::new("true").status()?;
        let mut shell = Command::new("/bin/sh");
        Process::run(&mut sandbox::as_nobody(shell.args(["-c", "exit 6"]))?)?.expect_code(6)?;
        let rows = all_rows(procs)?;
        let row = rows.last().with_context(|| format!("{user}: no row"))?;
        ensure!(
            row.rest.starts_with("[6]") && row.comm == "sh",
            "{user}: {rows:?}"
        );
        ensure!(rows.iter().all(|row| row.comm == "sh"), "{user}: {rows:?}");
    }
    Ok(())
}

fn wrong_values_are_refused() -> Result<()> {
    const NUMBERS: &[&str] = &["-1", "18446744073709551616", "1e3", "ten", ""];
    let wrong: &[(&str, &[&str], &str)] = &[
        ("--duration", &[NUMBERS, &["0"]].concat(), "--duration <MS>"),
        (
            "--pid",
            &[NUMBERS, &["0", "4294967296"]].concat(),
            "--pid <PID>",
        ),
        (
            "--uid",
            &["nonesuch", "-1", "4294967296", ""],
            "in /etc/passwd: give a number",
        ),
        (
            "--cgroup",
            &["/etc", "/nonexistent", ""],
            "is not a cgroup v2",
        ),
        (
            "--metrics",
            &["", "9435", "localhost:9435", "127.0.0.1", "unix:"],
            "--metrics <ADDRESS>",
        ),
        (
            "--metrics-label",
            &["com", "args", ""],
            "--metrics-label <FIELDS>",
        ),
        (
            "--metrics-histogram",
            &["duration", "comm", ""],
            "--metrics-histogram <FIELDS>",
        ),
        (
            "--metrics-series",
            &[NUMBERS, &["0"]].concat(),
            "--metrics-series <N>",
        ),
        (
            "--metrics-expiry",
            &["0", "-1", "soon", ""],
            "--metrics-expiry <SECONDS>",
        ),
        (
            "--otlp",
            &["", "127.0.0.1:4318", "https://127.0.0.1", "env"],
            "--otlp <URL>",
        ),
        (
            "--otlp-queue",
            &["-1", "1T", "many", ""],
            "--otlp-queue <BYTES>",
        ),
        (
            "--otlp-timeout",
            &["0", "-1", "soon", ""],
            "--otlp-timeout <SECONDS>",
        ),
        (
            "--comm",
            &["sixteen-bytes-xx", ""],
            "a task's name has from 1 to 15 bytes",
        ),
        (
            "--exit-code",
            &[NUMBERS, &["256"]].concat(),
            "--exit-code <CODE>",
        ),
        (
            "--rotate",
            &[NUMBERS, &["0", "63K", "1T"]].concat(),
            "--rotate <SIZE>",
        ),
        ("--keep", &[NUMBERS, &["0"]].concat(), "--keep <N>"),
        ("--output", &["xml", ""], "--output <FORMAT>"),
        ("--color", &["red", ""], "--color <WHEN>"),
        (
            "--max-events",
            &[NUMBERS, &["0"]].concat(),
            "--max-events <N>",
        ),
        (
            "--timeout",
            &["0", "-1", "nan", "inf", "1e300", "soon", ""],
            "--timeout <SECONDS>",
        ),
        (
            "--ring-size",
            &[NUMBERS, &["0", "5000", "4096M", "8G"]].concat(),
            "--ring-size <BYTES>",
        ),
    ];
    for (option, values, reason) in wrong {
        for value in *values {
            let exit = Process::run(&mut cli(["procs", option, value]))?;
            ensure!(exit.code == Some(2), "{option} {value:?}: {exit:#?}");
            exit.expect_stderr(reason)?;
        }
    }
    // and none is left out; a file that can not be read is another kind of mistake
    let help = Process::run(&mut cli(["procs", "--help"]))?.stdout;
    let with_value = help
        .iter()
        .filter_map(|line| line.trim_start().split_once(" <"));
    for (option, _) in with_value {
        let option = option.rsplit(' ').next().unwrap_or(option);
        let is_file = ["--btf", "--config", "--output-file"].contains(&option);
        let is_tried = wrong.iter().any(|(tried, _, _)| *tried == option);
        ensure!(
            is_tried || is_file || !option.starts_with("--"),
            "{option} is not tried"
        );
    }
    Ok(())
}
