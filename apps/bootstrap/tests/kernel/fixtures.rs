//! The programs that the tests trace.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// Ends the calling thread alone, where exit(2) of the C library ends the process.
fn exit_thread() -> ! {
    // SAFETY: nothing of this thread is used any more; the process goes on or ends without it.
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

/// The last threads of the process leave at the same moment, each by itself.
pub(crate) fn threads_exit_together(_: &[String]) -> Result<()> {
    const THREADS: usize = 4;
    let barrier = Arc::new(Barrier::new(THREADS));
    for _ in 1..THREADS {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            barrier.wait();
            exit_thread()
        });
    }
    barrier.wait();
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

/// Starts and awaits as many children as the argument says.
pub(crate) fn fork_many(args: &[String]) -> Result<()> {
    let count: usize = args.first().context("how many")?.parse()?;
    for _ in 0..count {
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            // SAFETY: leaves without a look at anything that the parent shares.
            ForkResult::Child => unsafe { libc::_exit(0) },
            ForkResult::Parent { child } => waitpid(child, None)?,
        };
    }
    Ok(())
}

/// Becomes the command in the arguments as an ordinary user.
pub(crate) fn run_as_nobody(args: &[String]) -> Result<()> {
    const NOBODY: u32 = 65534;
    let [program, args @ ..] = args else {
        bail!("a command")
    };
    let err = Command::new(program)
        .args(args)
        .env_clear()
        .uid(NOBODY)
        .gid(NOBODY)
        .exec();
    Err(err).with_context(|| format!("failed to run {program}"))
}
