//! Signals and debuggers, at any moment.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::{Process, Test, cli, test};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::row::{row, start};
use crate::storm::storm;

pub(crate) const TESTS: &[Test] = &[
    test!(signals_end_it_under_load),
    test!(second_signal_ends_it_at_once),
    test!(new_size_of_the_window_changes_nothing),
    test!(debugger_comes_and_goes),
];

/// Starts processes without a pause until it is dropped, from both CPUs.
fn endless_storm() -> Result<[Process; 2]> {
    let forks = 10_000_000;
    Ok([
        Process::start(&mut storm(forks)?)?,
        Process::start(&mut storm(forks)?)?,
    ])
}

fn signals_end_it_under_load() -> Result<()> {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let before = loaded();
        let load = endless_storm()?;
        let mut procs = start(&[])?;
        row(&mut procs, |row| row.event == "EXIT")?;
        let sent = Instant::now();
        procs.signal(signal)?;
        let exit = procs.wait()?.expect_code(0)?;
        let took = sent.elapsed();
        drop(load);
        ensure!(took < Duration::from_secs(1), "{signal}: it took {took:?}");
        // kernels that preempt BPF programs lose events under such a load, and say so
        let is_told = |line: &String| line.contains("preempted");
        ensure!(
            exit.stderr.iter().all(is_told),
            "{signal}: {:#?}",
            exit.stderr
        );
        nothing_left(&before)?;
    }
    Ok(())
}

fn second_signal_ends_it_at_once() -> Result<()> {
    // the first signal is forwarded to a command that ignores it, and procs waits
    let script = r#"trap "" INT; echo $$; exec sleep 20 >&- 2>&-"#;
    let args = ["procs", "--comm", "none", "--", "sh", "-c", script];
    let mut procs = Process::start(&mut cli(args))?;
    let command = procs.line(|line| line.parse::<i32>().is_ok())?;
    let command = Pid::from_raw(command.parse()?);
    let blocked = procs.status("SigBlk")?;
    procs.signal(Signal::SIGINT)?;
    let begin = Instant::now();
    while procs.status("SigBlk")? == blocked {
        ensure!(begin.elapsed() < Duration::from_secs(1), "it is not taken");
        thread::sleep(Duration::from_millis(1));
    }
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait();
    kill(command, Signal::SIGKILL)?;
    let exit = exit?;
    ensure!(exit.signal == Some(Signal::SIGINT as i32), "{exit:#?}");
    Ok(())
}

fn new_size_of_the_window_changes_nothing() -> Result<()> {
    let mut procs = start(&[])?;
    procs.signal(Signal::SIGWINCH)?;
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    row(&mut procs, |row| row.pid == child.id())?;
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    ensure!(exit.stderr.is_empty(), "{exit:#?}");
    Ok(())
}

fn debugger_comes_and_goes() -> Result<()> {
    let mut procs = start(&[])?;
    let pid = Pid::from_raw(procs.pid().try_into()?);
    // as `strace -p` does, which stops it in the middle of a system call
    for _ in 0..5 {
        ptrace::seize(pid, Options::empty()).context("failed to attach")?;
        ptrace::interrupt(pid)?;
        waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
        ptrace::detach(pid, None)?;
        let mut child = Command::new("true").spawn()?;
        child.wait()?;
        row(&mut procs, |row| row.pid == child.id())?;
    }
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?;
    Ok(())
}
