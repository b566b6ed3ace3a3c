//! A process is followed by its number until it ends.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, cli, skip, test};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::row::{row, start};
use crate::storm::rows;

pub(crate) const TESTS: &[Test] = &[
    test!(a_number_given_again_is_another_process),
    test!(a_process_that_has_ended_is_refused),
];

/// The process id after which the kernel continues to count.
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// A shell that ends with `code` once its stdin is closed.
fn waiting(code: u8) -> Result<Child> {
    let script = format!("read line; exit {code}");
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", &script]).stdin(Stdio::piped());
    shell.spawn().context("failed to run a shell")
}

fn end(mut shell: Child) -> Result<()> {
    // waiting closes its stdin
    shell.wait().context("failed to wait for a shell")?;
    Ok(())
}

/// Runs a program as process `pid`, which is gone.
fn run_as(pid: u32) -> Result<()> {
    // others may come in between
    for _ in 0..1000 {
        fs::write(LAST_PID, (pid - 1).to_string()).context("failed to set the last pid")?;
        let mut child = Command::new("true").spawn()?;
        child.wait()?;
        if child.id() == pid {
            return Ok(());
        }
    }
    anyhow::bail!("no process got the number {pid}")
}

fn a_number_given_again_is_another_process() -> Result<()> {
    if !Path::new(LAST_PID).exists() {
        skip("a pid can't be given again: CONFIG_CHECKPOINT_RESTORE is off")?;
    }
    for options in [
        &[][..],
        &["--children"],
        &["--exit-code", "0", "--exit-code", "4"],
    ] {
        let (first, last) = (waiting(3)?, waiting(4)?);
        let (reused, marker) = (first.id(), last.id());
        let pids = [reused.to_string(), marker.to_string()];
        let args = [&["--pid", &pids[0], "--pid", &pids[1]], options].concat();
        let mut procs = start(&args)?;
        end(first)?;
        run_as(reused)?;
        end(last)?;
        row(&mut procs, |row| row.pid == marker && row.event == "EXIT")?;
        procs.signal(Signal::SIGINT)?;
        let rows = rows(&procs.wait()?.expect_code(0)?);
        let ends = rows.iter().filter(|row| row.event == "EXIT");
        let ends: Vec<_> = ends.map(|row| (row.pid, &row.rest[..3])).collect();
        let mut expected = vec![(reused, "[3]"), (marker, "[4]")];
        // an exit that is left out is the end of the process, too
        expected.retain(|(_, code)| *code == "[4]" || !options.contains(&"--exit-code"));
        ensure!(ends == expected, "{options:?}: {rows:#?}");
        // each shell may have been started before procs was ready or after
        ensure!(
            rows.iter().all(|row| row.comm == "sh"),
            "{options:?}: {rows:#?}"
        );
    }
    Ok(())
}

fn a_process_that_has_ended_is_refused() -> Result<()> {
    let child = Command::new("true").spawn()?;
    let pid = Pid::from_raw(child.id().try_into()?);
    // the child keeps its process id until its parent collects its status
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let (own, ended) = (std::process::id().to_string(), pid.to_string());
    for options in [&[][..], &["--children"]] {
        let args = [&["procs", "--pid", &own, "--pid", &ended], options].concat();
        let exit = Process::run(&mut cli(args))?.expect_code(1)?;
        let error = format!("error: process {ended} has ended");
        ensure!(exit.stderr == [error], "{exit:#?}");
    }
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED)?;
    for none in [&*ended, "4294967295"] {
        let exit = Process::run(&mut cli(["procs", "--pid", none]))?.expect_code(1)?;
        let error = format!("error: there is no process {none}");
        ensure!(exit.stderr == [error], "{exit:#?}");
    }
    Ok(())
}
