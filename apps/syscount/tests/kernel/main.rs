//! `bpfapps syscount` on the running kernel: what its user sees.
#![allow(unsafe_code)]

use std::process::{Command, ExitCode};
use std::thread;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, many, refuses, test};
use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getsid};
use serde_json::Value;

const TESTS: &[Test] = &[
    test!(row_has_calls_errors_and_times),
    test!(calls_of_eight_threads_are_counted_exactly),
    test!(calls_of_many_processes_are_counted_exactly),
    test!(calls_that_find_the_table_full_are_counted_losses),
    test!(call_of_a_handler_is_no_call_of_minus_one),
    test!(other_processes_are_left_out),
    test!(only_calls_that_fail_are_counted),
    test!(command_ends_it),
    test!(wrong_values_are_refused),
];

const FIXTURES: &[Fixture] = &[fixture!(calls), fixture!(forks), fixture!(handles)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// A system call that hardly any other program uses.
const CALL: &str = "getsid";

const THREADS: u64 = 8;

/// Calls it so often in each of [`THREADS`] threads, and once more in vain.
fn calls(args: &[String]) -> Result<()> {
    let times: u64 = args.first().context("how often")?.parse()?;
    let all = (0..THREADS)
        .map(|_| thread::spawn(move || (0..times).try_for_each(|_| getsid(None).map(|_| ()))));
    for one in all.collect::<Vec<_>>() {
        one.join().ok().context("a thread has panicked")??;
    }
    ensure!(
        getsid(Some(Pid::from_raw(i32::MAX))).is_err(),
        "there is such a process"
    );
    Ok(())
}

/// Handles a signal, which ends with a system call that returns nowhere.
fn handles(_: &[String]) -> Result<()> {
    extern "C" fn handle(_: libc::c_int) {}

    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGUSR1, handle as *const () as libc::sighandler_t) };
    // SAFETY: there is a handler.
    unsafe { libc::raise(libc::SIGUSR1) };
    Ok(())
}

/// As many processes make one call each.
fn forks(args: &[String]) -> Result<()> {
    let times: u64 = args.first().context("how often")?.parse()?;
    for _ in 0..times {
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => {
                let code = i32::from(getsid(None).is_err());
                // SAFETY: nothing is left to clean up.
                unsafe { libc::_exit(code) }
            }
            ForkResult::Parent { child } => waitpid(child, None)?,
        };
    }
    Ok(())
}

fn provoke(times: u64) -> Result<u32> {
    let mut command = fixture("calls")?;
    Ok(Process::run(command.arg(times.to_string()))?
        .expect_code(0)?
        .pid)
}

fn counts(app: App) -> Result<Vec<Value>> {
    Ok(counts_and_skipped(app)?.0)
}

/// The counts, and the number of runs that the kernel has skipped: since about Linux 7 a program may
/// be preempted, and is then skipped for another process on that CPU.
fn counts_and_skipped(app: App) -> Result<(Vec<Value>, u64)> {
    let mut documents = app.documents()?;
    let lost = documents
        .iter()
        .filter(|document| document["type"] == "lost");
    ensure!(
        lost.clone().all(|lost| lost["stage"] == "program"),
        "{documents:#?}"
    );
    let skipped = lost.filter_map(|lost| lost["count"].as_u64()).sum();
    documents.retain(|document| document["type"] == "syscalls");
    Ok((documents, skipped))
}

/// True if `counted` and what was skipped are as many as there were.
fn are_all(counted: u64, skipped: u64, expected: u64) -> bool {
    counted <= expected && counted + skipped >= expected
}

fn row_has_calls_errors_and_times() -> Result<()> {
    let mut app = App::start(&[
        "syscount",
        "--latency",
        "--interval",
        "0.1",
        "-s",
        CALL,
        "-P",
    ])?;
    let title =
        "SYSCALL          PID     COMM             CALLS      PER_S     ERRORS     LATENCY_NS";
    ensure!(app.title() == title, "{}", app.title());
    let pid = provoke(10)?.to_string();
    let is_near = |calls: &str| {
        calls
            .parse()
            .is_ok_and(|calls: u64| (1..=81).contains(&calls))
    };
    let row = app.row(|row| {
        let words: Vec<_> = row.split_whitespace().collect();
        words.len() == 9 && words[1] == pid && is_near(words[3])
    })?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[0] == CALL && ["0", "1"].contains(&words[5]), "{row}");
    ensure!(
        words[6].starts_with("p50=") && words[6].ends_with('s'),
        "{row}"
    );
    app.end()?.expect_no_stderr()?;
    Ok(())
}

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
    Process::run(fixture("forks")?.arg(calls.to_string()))?.expect_code(0)?;
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

fn other_processes_are_left_out() -> Result<()> {
    let own = std::process::id();
    let app = App::start(&[
        "syscount",
        "-o",
        "json",
        "--once",
        "--pid",
        &own.to_string(),
        "-P",
    ])?;
    provoke(1)?;
    getsid(None)?;
    let counts = counts(app)?;
    ensure!(
        counts.iter().all(|count| count["pid"] == own),
        "{counts:#?}"
    );
    ensure!(
        counts.iter().any(|count| count["syscall"] == CALL),
        "{counts:#?}"
    );
    Ok(())
}

fn only_calls_that_fail_are_counted() -> Result<()> {
    let app = App::start(&[
        "syscount", "-o", "json", "--once", "--failed", "-s", CALL, "-P",
    ])?;
    let pid = provoke(100)?;
    let counts = counts(app)?;
    let own = counts
        .iter()
        .find(|count| count["pid"] == pid)
        .context("none")?;
    ensure!(own["calls"] == 1 && own["errors"] == 1, "{own}");
    Ok(())
}

/// It has the exit code of the command, and what that did.
fn command_ends_it() -> Result<()> {
    let calls = fixture("calls")?;
    let mut command = cli([
        "syscount", "-o", "json", "--once", "-s", CALL, "--", "sh", "-c",
    ]);
    command.arg("\"$0\" 5; exit 7").arg(calls.get_program());
    let variables = calls
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let exit = Process::run(command.envs(variables))?.expect_code(7)?;
    exit.expect_stdout("\"syscall\":\"getsid\",\"calls\":")?;
    Ok(())
}

fn wrong_values_are_refused() -> Result<()> {
    let wrong = [
        ["--pid", "0"],
        ["--syscall", "get_sid"],
        ["--keys", "0"],
        ["--interval", "-1"],
    ];
    refuses(&["syscount"], &wrong)?;
    let mut command = Command::new(cli([]).get_program());
    let exit = Process::run(command.args(["syscount", "--syscall", "get_sid"]))?.expect_code(2)?;
    exit.expect_stderr("no such system call; a similar one is `getsid`")?;
    Ok(())
}
