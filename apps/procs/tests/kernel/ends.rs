//! The ways in which procs ends.

use std::io::{BufRead as _, BufReader, Read as _, pipe};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::{Process, Test, cli, program, test};
use nix::sys::signal::Signal;

use crate::row::{ready, row, start};
use crate::storm::storm;

pub(crate) const TESTS: &[Test] = &[
    test!(verbose_shows_the_log_of_libbpf),
    test!(head_ends_it_without_a_word),
    test!(full_disk_ends_it_with_the_reason),
    test!(signals_end_it_with_zero),
    test!(hangup_is_ignored_under_nohup),
    test!(stop_and_continue_do_not_end_it),
    test!(paused_reader_does_not_keep_it_from_ending),
    test!(kill_leaves_nothing_in_the_kernel),
];

/// `sh -c script`, with the program to test as `$0`.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(program());
    command
}

fn verbose_shows_the_log_of_libbpf() -> Result<()> {
    let log = |args: &[&str], filter: &str| -> Result<Vec<String>> {
        let mut command = cli(args.iter().copied());
        let procs = ready(command.env("BPFAPPS_LOG", filter))?;
        procs.signal(Signal::SIGINT)?;
        Ok(procs.wait()?.expect_code(0)?.stderr)
    };
    for args in [["-v", "procs"], ["procs", "--verbose"]] {
        let lines = log(&args, "")?;
        let found = lines.iter().any(|line| line.starts_with("debug: libbpf: "));
        ensure!(found, "{args:?}: {lines:#?}");
    }
    ensure!(
        !log(&["procs"], "libbpf=debug")?.is_empty(),
        "the filter shows nothing"
    );
    ensure!(
        log(&["procs", "-v"], "error")?.is_empty(),
        "the filter hides nothing"
    );
    ensure!(log(&["procs"], "")?.is_empty(), "there is a log without -v");
    Ok(())
}

fn head_ends_it_without_a_word() -> Result<()> {
    // head itself would show the title only at its end
    let head = r#"for i in 1 2 3; do read -r line; echo "$line"; done"#;
    let script = format!(r#"{{ "$0" procs; echo "code $?" >&2; }} | {{ {head}; }}"#);
    let mut pipeline = Process::start(&mut shell(&script))?;
    pipeline.line(|line| line.starts_with("TIME"))?;
    Command::new("true").status()?;
    let exit = pipeline.wait()?;
    ensure!(exit.stderr == ["code 0"], "{exit:#?}");
    ensure!(exit.stdout.len() == 3, "{exit:#?}");
    Ok(())
}

fn full_disk_ends_it_with_the_reason() -> Result<()> {
    let exit = Process::run(&mut shell(r#"exec "$0" procs > /dev/full"#))?.expect_code(1)?;
    let reason = "error: failed to write to stdout: No space left on device (os error 28)";
    ensure!(exit.stderr == [reason], "{exit:#?}");
    Ok(())
}

fn signals_end_it_with_zero() -> Result<()> {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let before = loaded();
        let procs = start(&[])?;
        let sent = Instant::now();
        procs.signal(signal)?;
        let exit = procs.wait()?.expect_code(0)?;
        ensure!(exit.stderr.is_empty(), "{signal}: {exit:#?}");
        ensure!(
            sent.elapsed() < Duration::from_secs(1),
            "{signal}: {:?}",
            sent.elapsed()
        );
        nothing_left(&before)?;
    }
    Ok(())
}

fn hangup_is_ignored_under_nohup() -> Result<()> {
    let mut procs = Process::start(&mut shell(r#"trap "" HUP; exec "$0" procs"#))?;
    procs.line(|line| line.starts_with("TIME"))?;
    procs.signal(Signal::SIGHUP)?;
    // the first row may still come from a program that is about to end
    for _ in 0..3 {
        let child = run_true()?;
        row(&mut procs, |row| row.pid == child)?;
    }
    procs.signal(Signal::SIGTERM)?;
    procs.wait()?.expect_code(0)?;
    Ok(())
}

fn stop_and_continue_do_not_end_it() -> Result<()> {
    let mut procs = start(&[])?;
    procs.signal(Signal::SIGSTOP)?;
    procs.wait_for_state('T')?;
    let child = run_true()?;
    procs.signal(Signal::SIGCONT)?;
    // Events that happened meanwhile are still in the ring.
    row(&mut procs, |row| row.pid == child)?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?;
    Ok(())
}

fn paused_reader_does_not_keep_it_from_ending() -> Result<()> {
    let (mut reader, writer) = pipe()?;
    let mut procs = cli(["procs"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to run bpfapps")?;
    let mut title = String::new();
    BufReader::with_capacity(1, &mut reader).read_line(&mut title)?;
    ensure!(title.starts_with("TIME"), "{title}");

    // More than the 64 KiB of a pipe, which is not read meanwhile.
    Process::run(&mut storm(2000)?)?.expect_code(0)?;
    let pid = nix::unistd::Pid::from_raw(procs.id().try_into()?);
    nix::sys::signal::kill(pid, Signal::SIGINT)?;
    let sent = Instant::now();
    while procs.try_wait()?.is_none() {
        ensure!(sent.elapsed() < Duration::from_secs(1), "it still runs");
        thread::sleep(Duration::from_millis(5));
    }
    let mut said = String::new();
    procs
        .stderr
        .take()
        .context("stderr is a pipe")?
        .read_to_string(&mut said)?;
    ensure!(procs.wait()?.code() == Some(0), "{said}");
    ensure!(said.contains("events: stdout took no more"), "{said}");
    Ok(())
}

fn kill_leaves_nothing_in_the_kernel() -> Result<()> {
    let before = loaded();
    let procs = start(&[])?;
    ensure!(loaded() != before, "it has loaded nothing");
    procs.signal(Signal::SIGKILL)?;
    procs.wait()?;
    nothing_left(&before)
}

/// Runs `true`, and returns its pid.
fn run_true() -> Result<u32> {
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    Ok(child.id())
}
