//! `{{ name }}` on the running kernel: what its user sees.

use std::fs::File;
use std::io::Write as _;
use std::process::{self, Command, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, cli, sandbox, test};

const TESTS: &[Test] = &[
    test!(dot_is_counted),
    test!(lines_count_on),
    test!(only_that_process_is_counted),
    test!(works_without_tracefs),
    test!(container_is_refused),
    test!(privileges_are_given_up),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// Calls and bytes of a line.
fn counted(line: &str) -> Result<(u64, u64)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [_, _, "has", "written", calls, "times,", bytes, "bytes"] = words[..] else {
        anyhow::bail!("no line of counts: {line}");
    };
    Ok((calls.parse()?, bytes.parse()?))
}

/// Runs `command`, which is to count its title line and one dot.
fn counts_a_dot(command: &mut Command) -> Result<()> {
    let exit = Process::run(command)?.expect_code(0)?;
    ensure!(exit.stdout.len() == 2 && exit.stdout[0] == "Successfully started!", "{exit:#?}");
    let bytes = exit.stdout[0].len() + "\n.".len();
    let line = format!("PID {} has written 2 times, {bytes} bytes", exit.pid);
    ensure!(exit.stdout[1] == line && exit.stderr == ["."], "{exit:#?}");
    Ok(())
}

fn dot_is_counted() -> Result<()> {
    counts_a_dot(&mut cli(["{{ name }}", "--once"]))
}

fn lines_count_on() -> Result<()> {
    let mut app = App::start(&["{{ name }}"])?;
    let (calls, bytes) = counted(&app.row(|_| true)?)?;
    let next = counted(&app.row(|_| true)?)?;
    // the line itself, and a dot
    ensure!(next.0 == calls + 2 && next.1 > bytes + 1, "{calls}, {bytes}: {next:?}");
    app.end()?;
    Ok(())
}

fn only_that_process_is_counted() -> Result<()> {
    let own = process::id().to_string();
    let mut app = App::start(&["{{ name }}", "--pid", &own])?;
    // once others have written, too: the app has
    let before = counted(&app.row(|_| true)?)?;
    let mut nowhere = File::options().write(true).open("/dev/null")?;
    nowhere.write_all(&[0; 1000])?;
    nowhere.write_all(&[0; 234])?;
    app.row(|line| counted(line).is_ok_and(|now| now == (before.0 + 2, before.1 + 1234)))?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn works_without_tracefs() -> Result<()> {
    counts_a_dot(&mut sandbox::without_tracefs(&cli(["{{ name }}", "--once"]))?)
}

fn container_is_refused() -> Result<()> {
    Process::run(&mut sandbox::in_pid_namespace(&cli(["{{ name }}", "--once"]))?)?
        .expect_code(1)?
        .expect_stderr("this is a container")?
        .expect_stderr("hint: run it on the host")?;
    Ok(())
}

fn privileges_are_given_up() -> Result<()> {
    let mut app = App::start(&["{{ name }}"])?;
    // all but CAP_BPF, which reads the map on kernels before 5.19
    for set in ["CapPrm", "CapEff"] {
        let held = app.process().status(set)?;
        let held = u64::from_str_radix(&held, 16).context("no number")?;
        ensure!(held & !(1 << 39) == 0, "{set} is {held:x}");
    }
    ensure!(app.process().status("NoNewPrivs")? == "1", "no_new_privs is not set");
    app.end()?;
    Ok(())
}
