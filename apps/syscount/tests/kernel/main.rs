//! `bpfapps syscount` on the running kernel: what its user sees.

mod exact;
mod fixtures;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, cli, fixture, refuses, test};
use nix::unistd::getsid;

use crate::fixtures::{CALL, counts, provoke};

const TESTS: &[Test] = &[
    test!(row_has_calls_errors_and_times),
    test!(list_is_sorted_by_the_sum_of_a_histogram),
    test!(other_processes_are_left_out),
    test!(only_calls_that_fail_are_counted),
    test!(command_ends_it),
    test!(wrong_values_are_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS, exact::TESTS], &[fixtures::FIXTURES])
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
    // on Linux 7 runs may be skipped, which is said
    let exit = app.end()?;
    let is_said = |line: &String| line.contains("it was preempted at work");
    ensure!(exit.stderr.iter().all(is_said), "{exit:#?}");
    Ok(())
}

/// What waits has few calls, but takes longest.
fn list_is_sorted_by_the_sum_of_a_histogram() -> Result<()> {
    let script = "while :; do : < /dev/null; : < /dev/null; sleep 0.1; done";
    let shell = Process::start(Command::new("sh").args(["-c", script]))?;
    let first = |column: &str| {
        let mut args = vec![
            "syscount",
            "--latency",
            "--once",
            "--timeout",
            "1",
            "--top",
            "1",
        ];
        let pid = shell.pid().to_string();
        args.extend(["--pid", &pid, "--sort", column]);
        let exit = Process::run(&mut cli(args))?.expect_code(0)?;
        let row = exit.stdout.get(1).with_context(|| format!("{exit:#?}"))?;
        let name = row.split_whitespace().next().map(str::to_owned);
        name.context("an empty row")
    };
    let (most, longest) = (first("calls")?, first("latency_ns")?);
    let waits = ["wait4", "clock_nanosleep", "nanosleep"];
    ensure!(
        waits.contains(&&*longest) && !waits.contains(&&*most),
        "longest {longest}, most {most}"
    );
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
