//! Nothing is lost without a word: what was produced is what was reported and what was lost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _, pipe};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Process, Test, cli, fixture, many, test};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fixtures::TO_DIE;
use crate::row::{Row, row, start};
use crate::storm::{STORM, rows, storm};

pub(crate) const TESTS: &[Test] = &[
    test!(produced_is_reported_and_lost),
    test!(reader_that_pauses_costs_counted_losses_and_no_memory),
    test!(what_a_blocked_reader_never_gets_is_counted),
    test!(no_event_waits_for_the_next),
    test!(strict_makes_a_loss_a_failure),
    test!(two_threads_that_exit_at_once_are_one_exit_each_time),
    test!(all_that_die_at_once_have_a_row_and_a_duration),
    test!(two_instances_see_the_same),
];

/// A procs that sees only the storms of these tests, and so all of its events are known.
fn start_for_storm(args: &[&str]) -> Result<Process> {
    start(&[&["--comm", STORM], args].concat())
}

/// The number of lost events in the closing message, which also lists them by CPU.
pub(crate) fn told_as_lost(stderr: &[String], why: &str) -> Result<usize> {
    let mut parts = stderr.iter().flat_map(|line| line.split("; "));
    let Some(line) = parts.find(|part| part.contains(why)) else {
        return Ok(0);
    };
    let words: Vec<_> = line.split_whitespace().collect();
    let place = words.iter().position(|word| *word == "lost");
    let lost = place.and_then(|place| words.get(place + 1)?.parse().ok());
    let lost: usize = lost.with_context(|| format!("no number: {line}"))?;
    let (_, cpus) = line.split_once('(').unwrap_or_default();
    let count_of_cpu = |part: &str| -> Option<usize> {
        let (_, count) = part.split_once(": ")?;
        count.trim_end_matches([',', ')', ' ']).parse().ok()
    };
    let per_cpu: usize = cpus.split("cpu ").filter_map(count_of_cpu).sum();
    ensure!(cpus.is_empty() || lost == per_cpu, "{line}");
    Ok(lost)
}

/// Fails unless what was produced is what was reported and lost. Kernels that preempt BPF programs
/// skip some runs and count them, those for other processes, too.
fn balance(produced: usize, reported: usize, lost: usize, stderr: &[String]) -> Result<()> {
    let skipped = told_as_lost(stderr, "preempted")?;
    let missing = produced.checked_sub(reported + lost);
    ensure!(
        missing.is_some_and(|missing| missing <= skipped),
        "{produced} produced, {reported} reported, {lost} lost: {stderr:#?}"
    );
    Ok(())
}

fn lines_of(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn produced_is_reported_and_lost() -> Result<()> {
    // a ring that holds all events, and one that does not, with a blocked reader
    for (ring_size, all_fit) in [("8M", true), ("64K", false)] {
        let forks = many(40_000);
        let procs = start_for_storm(&["--ring-size", ring_size])?;
        procs.signal(Signal::SIGSTOP)?;
        Process::run(&mut storm(forks)?)?.expect_code(0)?;
        procs.signal(Signal::SIGCONT)?;
        procs.signal(Signal::SIGINT)?;
        let exit = procs.wait()?.expect_code(0)?;
        let lost = told_as_lost(&exit.stderr, "the ring buffer was full")?;
        let reported = rows(&exit).len();
        ensure!((lost == 0) == all_fit, "{ring_size}: {lost} lost");
        // the parent has an exit, too
        balance(forks + 1, reported, lost, &exit.stderr)?;
    }
    Ok(())
}

/// A procs whose output is not read until the test asks for it.
fn start_unread(args: &[&str]) -> Result<(std::process::Child, std::io::PipeReader)> {
    let (mut reader, writer) = pipe()?;
    let procs = cli(["procs", "--comm", STORM]
        .into_iter()
        .chain(args.iter().copied()))
    .stdout(writer)
    .stderr(Stdio::piped())
    .spawn()
    .context("failed to run bpfapps")?;
    let mut title = String::new();
    BufReader::with_capacity(1, &mut reader).read_line(&mut title)?;
    ensure!(title.starts_with("TIME"), "{title}");
    Ok((procs, reader))
}

/// The most memory that a process has had, in KiB, its ring left out: that is mapped twice.
fn peak_memory(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let value = value.and_then(|value| value.trim().strip_suffix(" kB"));
    value
        .context("no VmHWM")?
        .trim()
        .parse()
        .context("a number")
}

fn reader_that_pauses_costs_counted_losses_and_no_memory() -> Result<()> {
    let forks = many(20_000);
    let (mut procs, reader) = start_unread(&["--ring-size", "16K"])?;
    let before = peak_memory(procs.id())?;
    Process::run(&mut storm(forks)?)?.expect_code(0)?;
    let after = peak_memory(procs.id())?;
    ensure!(after < before + 4096, "{before} KiB grew to {after} KiB");

    let lines = thread::spawn(move || BufReader::new(reader).lines().map_while(Result::ok).count());
    kill(Pid::from_raw(procs.id().try_into()?), Signal::SIGINT)?;
    let mut said = String::new();
    let stderr = procs.stderr.as_mut().context("stderr is a pipe")?;
    stderr.read_to_string(&mut said)?;
    let status = procs.wait()?;
    ensure!(status.success(), "{status}: {said}");
    let Ok(reported) = lines.join() else {
        bail!("the reader panicked")
    };
    let lost = told_as_lost(&lines_of(&said), "the ring buffer was full")?;
    ensure!(lost > 0, "{reported} reported: {said}");
    balance(forks + 1, reported, lost, &lines_of(&said))
}

fn what_a_blocked_reader_never_gets_is_counted() -> Result<()> {
    // more than a pipe of 64 KiB holds, and less than the ring
    let forks = 2_500;
    let (mut procs, reader) = start_unread(&[])?;
    Process::run(&mut storm(forks)?)?.expect_code(0)?;
    kill(Pid::from_raw(procs.id().try_into()?), Signal::SIGINT)?;
    let mut said = String::new();
    let stderr = procs.stderr.as_mut().context("stderr is a pipe")?;
    stderr.read_to_string(&mut said)?;
    ensure!(procs.wait()?.success(), "{said}");
    // whole rows only: the last one may be cut
    let mut text = String::new();
    BufReader::new(reader).read_to_string(&mut text)?;
    let reported = text.matches('\n').count();
    let lost = told_as_lost(&lines_of(&said), "stdout took no more")?;
    ensure!(lost > 0, "{reported} reported: {said}");
    balance(forks + 1, reported, lost, &lines_of(&said))
}

fn no_event_waits_for_the_next() -> Result<()> {
    // from right after the last event to when the reader sleeps, and everything in between
    const TIMES: usize = 150;
    let mut procs = start_for_storm(&[])?;
    let mut fixture = fixture("fork_now_and_then")?
        .args([STORM, &TIMES.to_string()])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = fixture.stdin.take().context("stdin is a pipe")?;
    for _ in 0..TIMES {
        row(&mut procs, |row| row.ppid == fixture.id())?;
        stdin.write_all(b"\n")?;
    }
    fixture.wait()?;
    Ok(())
}

fn strict_makes_a_loss_a_failure() -> Result<()> {
    for (ring_size, code) in [("4096", 3), ("8M", 0)] {
        let procs = start(&["--strict", "--ring-size", ring_size])?;
        procs.signal(Signal::SIGSTOP)?;
        Process::run(&mut storm(100)?)?.expect_code(0)?;
        procs.signal(Signal::SIGCONT)?;
        procs.signal(Signal::SIGINT)?;
        let exit = procs.wait()?.expect_code(code)?;
        match code {
            0 => ensure!(exit.stderr.is_empty(), "{exit:#?}"),
            _ => {
                _ = exit
                    .expect_stderr("error: lost ")?
                    .expect_stderr("the ring buffer was full")?
            }
        }
    }
    Ok(())
}

fn two_threads_that_exit_at_once_are_one_exit_each_time() -> Result<()> {
    let pairs = many(10_000);
    let procs = start_for_storm(&[])?;
    Process::run(fixture("fork_pairs")?.args([STORM, &pairs.to_string()]))?.expect_code(0)?;
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    balance(pairs + 1, rows(&exit).len(), 0, &exit.stderr)
}

fn all_that_die_at_once_have_a_row_and_a_duration() -> Result<()> {
    let children = many(9_500);
    let procs = start(&["--comm", TO_DIE])?;
    Process::run(fixture("kill_many")?.arg(children.to_string()))?.expect_code(0)?;
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    let rows = rows(&exit);
    let is_exit = |row: &&Row| row.rest.starts_with("[SIGKILL] (");
    let exits: Vec<_> = rows.iter().filter(is_exit).collect();
    balance(2 * children, rows.len(), 0, &exit.stderr)?;
    let skipped = told_as_lost(&exit.stderr, "preempted")?;
    let without = exits.iter().filter(|row| row.rest.contains('~'));
    ensure!(without.count() <= skipped, "execs were forgotten");
    Ok(())
}

fn two_instances_see_the_same() -> Result<()> {
    let mut both = [start(&[])?, start(&[])?];
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    for procs in &mut both {
        row(procs, |row| row.event == "EXIT" && row.pid == child.id())?;
    }
    let [first, mut second] = both;
    first.signal(Signal::SIGINT)?;
    first.wait()?.expect_code(0)?;
    // the child runs independently
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    row(&mut second, |row| {
        row.event == "EXIT" && row.pid == child.id()
    })?;
    Ok(())
}
