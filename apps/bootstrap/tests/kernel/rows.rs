//! Events that have a row, and the content of the row.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{self, Command};
use std::time::Instant;
use std::{fs, os};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, fixture, test};
use nix::sys::signal::Signal;

use crate::row::{Row, row, rows_of, start};

pub(crate) const TESTS: &[Test] = &[
    test!(child_has_both_rows),
    test!(signal_stands_where_the_code_would),
    test!(process_lives_as_long_as_its_last_thread),
    test!(exec_in_a_thread_is_no_exit),
    test!(fork_without_exec_has_a_duration_of_its_own),
    test!(duration_leaves_out_execs_and_short_lives),
    test!(name_can_not_forge_a_row_or_touch_the_terminal),
    test!(process_that_is_older_has_an_exit_of_its_own),
    test!(dumped_core_is_told),
    test!(longest_filename_is_whole),
];

/// Runs `command` under a new bootstrap and returns its pid and its rows, up to its EXIT.
fn traced(command: &mut Command) -> Result<(u32, Vec<Row>)> {
    let mut bootstrap = start(&[])?;
    let mut child = command.spawn().context("failed to run the child")?;
    let pid = child.id();
    child.wait()?;
    row(&mut bootstrap, |row| row.event == "EXIT" && row.pid == pid)?;
    bootstrap.signal(Signal::SIGINT)?;
    let exit = bootstrap.wait()?.expect_code(0)?;
    Ok((pid, rows_of(pid, &exit.stdout)))
}

/// The milliseconds in ` (NNms)` or ` (~NNms)`.
fn duration_ms(row: &Row) -> Result<u64> {
    let (_, text) = row.rest.split_once(" (").context("no duration")?;
    let digits = text.trim_start_matches('~').strip_suffix("ms)");
    digits
        .context("no milliseconds")?
        .parse()
        .context("no number")
}

fn child_has_both_rows() -> Result<()> {
    let mut bootstrap = start(&[])?;
    let begin = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", "sleep 0.5; exit 7"])
        .spawn()?;
    let pid = child.id();
    // The row appears while its process still runs: rows are not held back.
    let exec = row(&mut bootstrap, |row| row.pid == pid)?;
    ensure!(
        child.try_wait()?.is_none(),
        "the EXEC row came after the end of the process"
    );
    child.wait()?;
    let lived = u64::try_from(begin.elapsed().as_millis())?;
    let exit = row(&mut bootstrap, |row| row.pid == pid)?;

    ensure!(
        (exec.event.as_str(), exec.comm.as_str()) == ("EXEC", "sh"),
        "{exec:?}"
    );
    ensure!(
        exec.ppid == process::id() && exec.rest == "/usr/bin/sh",
        "{exec:?}"
    );
    ensure!(
        (exit.event.as_str(), exit.comm.as_str()) == ("EXIT", "sh"),
        "{exit:?}"
    );
    ensure!(
        exit.ppid == process::id() && exit.rest.starts_with("[7] ("),
        "{exit:?}"
    );
    let reported = duration_ms(&exit)?;
    ensure!(
        reported.abs_diff(lived) <= lived / 5,
        "lived {lived} ms, reported {reported} ms"
    );
    Ok(())
}

fn signal_stands_where_the_code_would() -> Result<()> {
    let (_, rows) = traced(Command::new("sh").args(["-c", "kill -KILL $$"]))?;
    ensure!(rows[1].rest.starts_with("[SIGKILL] ("), "{rows:?}");
    Ok(())
}

fn process_lives_as_long_as_its_last_thread() -> Result<()> {
    let (_, rows) = traced(&mut fixture("leader_leaves_first")?)?;
    let exits: Vec<_> = rows.iter().filter(|row| row.event == "EXIT").collect();
    ensure!(
        exits.len() == 1 && exits[0].rest.starts_with("[7] ("),
        "{rows:?}"
    );
    ensure!(duration_ms(exits[0])? >= 300, "{rows:?}");
    Ok(())
}

fn exec_in_a_thread_is_no_exit() -> Result<()> {
    let (_, rows) = traced(&mut fixture("exec_in_a_thread")?)?;
    let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
    ensure!(events == ["EXEC", "EXEC", "EXIT"], "{rows:?}");
    ensure!(
        rows[1].comm == "sh" && rows[2].rest.starts_with("[5] ("),
        "{rows:?}"
    );
    Ok(())
}

fn fork_without_exec_has_a_duration_of_its_own() -> Result<()> {
    let mut bootstrap = start(&[])?;
    let parent = Process::start(&mut fixture("fork_without_exec")?)?;
    let pid = parent.pid();
    let exit = row(&mut bootstrap, |row| row.event == "EXIT" && row.ppid == pid)?;
    ensure!(exit.rest.starts_with("[3] (~"), "{exit:?}");
    ensure!((100..1000).contains(&duration_ms(&exit)?), "{exit:?}");
    Ok(())
}

fn duration_leaves_out_execs_and_short_lives() -> Result<()> {
    let mut bootstrap = start(&["-d", "300"])?;
    let mut short = Command::new("true").spawn()?;
    short.wait()?;
    let mut long = Command::new("sleep").arg("0.4").spawn()?;
    long.wait()?;
    row(&mut bootstrap, |row| {
        row.event == "EXIT" && row.pid == long.id()
    })?;
    bootstrap.signal(Signal::SIGINT)?;
    let exit = bootstrap.wait()?.expect_code(0)?;
    ensure!(rows_of(short.id(), &exit.stdout).is_empty(), "{exit:#?}");
    for row in exit.stdout.iter().filter_map(|line| Row::of(line)) {
        ensure!(row.event == "EXIT" && duration_ms(&row)? >= 300, "{row:?}");
    }
    Ok(())
}

fn process_that_is_older_has_an_exit_of_its_own() -> Result<()> {
    let mut child = Command::new("sleep").arg("100").spawn()?;
    let mut bootstrap = start(&[])?;
    child.kill()?;
    child.wait()?;
    let exit = row(&mut bootstrap, |row| row.pid == child.id())?;
    ensure!(exit.rest.starts_with("[SIGKILL] (~"), "{exit:?}");
    Ok(())
}

fn dumped_core_is_told() -> Result<()> {
    // whether a core is dumped, the system decides: the kernel's answer is what counts
    for limit in ["0", "unlimited"] {
        let folder = tempfile::tempdir()?;
        let mut bootstrap = start(&[])?;
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -c {limit}; kill -SEGV $$")])
            .current_dir(&folder)
            .spawn()?;
        let status = child.wait()?;
        let exit = row(&mut bootstrap, |row| {
            row.event == "EXIT" && row.pid == child.id()
        })?;
        let expected = match status.core_dumped() {
            true => "[SIGSEGV, core dumped] (",
            false => "[SIGSEGV] (",
        };
        ensure!(exit.rest.starts_with(expected), "{status}: {exit:?}");
    }
    Ok(())
}

fn name_can_not_forge_a_row_or_touch_the_terminal() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let names: [(&[u8], &str); 8] = [
        (
            b"a\n00:00:00 EXIT  init\x1b[2J",
            r"a\n00:00:00 EXIT  init\x1b[2J",
        ),
        (b"b\x1b]0;title\x07", r"b\x1b]0;title\x07"),
        (b"c\r\t\x7f\x01", r"c\r\t\x7f\x01"),
        (b"d\xff\xfe\xc3", r"d\xff\xfe\xc3"),
        ("e\u{202e}gnp\u{2066}".as_bytes(), r"e\u{202e}gnp\u{2066}"),
        (
            "f\u{200b}\u{feff}\u{ad}".as_bytes(),
            r"f\u{200b}\u{feff}\u{ad}",
        ),
        ("g\u{9b}31m".as_bytes(), r"g\u{9b}31m"),
        (br"h\n", r"h\\n"),
    ];
    for (name, shown) in names {
        let path = folder.path().join(OsStr::from_bytes(name));
        os::unix::fs::symlink("/bin/true", &path)?;
        let (_, rows) = traced(Command::new(&path).arg0("a"))?;
        ensure!(rows[0].rest.ends_with(&format!("/{shown}")), "{rows:?}");
        // the part that fits into the task's name
        let start: String = shown.chars().take(6).collect();
        ensure!(rows[0].comm.starts_with(&start), "{rows:?}");
    }
    Ok(())
}

fn longest_filename_is_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut path = folder.path().to_owned();
    while path.as_os_str().len() + 200 < 4095 {
        path.push("d".repeat(199));
    }
    fs::create_dir_all(&path)?;
    path.push("x".repeat(4094 - path.as_os_str().len()));
    os::unix::fs::symlink("/bin/true", &path)?;
    let (_, rows) = traced(&mut Command::new(&path))?;
    let path = path.to_str().context("the path is UTF-8")?;
    ensure!(path.len() == 4095 && rows[0].rest == path, "{rows:?}");
    Ok(())
}
