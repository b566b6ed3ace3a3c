//! Programs that the tests of bootstrap and procs trace.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bpfapps_testkit::{Fixture, fixture};
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

pub(crate) const FIXTURES: &[Fixture] = &[
    fixture!(leader_leaves_first),
    fixture!(exec_in_a_thread),
    fixture!(fork_without_exec),
];

/// Ends the calling thread alone, where exit(2) of the C library ends the process.
pub(crate) fn exit_thread() -> ! {
    // SAFETY: nothing of this thread is used any more; the process continues or ends without it.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("a thread that has exited")
}

/// The main thread leaves at once; the process ends 300 ms later, with 7.
pub(crate) fn leader_leaves_first(_: &[String]) -> Result<()> {
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(300));
        exit(7);
    });
    exit_thread()
}

/// A thread that is not the first becomes another program, which ends with 5.
pub(crate) fn exec_in_a_thread(_: &[String]) -> Result<()> {
    let thread = thread::spawn(|| Command::new("sh").args(["-c", "exit 5"]).exec());
    match thread.join() {
        Ok(err) => Err(err).context("failed to exec"),
        Err(_) => bail!("the thread panicked"),
    }
}

/// A child that never calls exec ends after 100 ms, with 3.
pub(crate) fn fork_without_exec(_: &[String]) -> Result<()> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            thread::sleep(Duration::from_millis(100));
            exit(3)
        }
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            Ok(())
        }
    }
}
