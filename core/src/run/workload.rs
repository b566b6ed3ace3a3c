//! A command that is run in order to trace it.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result};
use bpfapps_host::users::{self, User};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Gid, Pid, Uid, setgid, setgroups, setuid};

use super::typing;

/// The option of an app that can run a command and trace it: flatten it into the app's options.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Workload {
    /// Run COMMAND, report only it and its children, and end when it ends, with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Workload {
    /// True if there is a command.
    pub fn is_given(&self) -> bool {
        !self.command.is_empty()
    }

    /// Starts it, as the user who called sudo, with the signals in `mask` blocked.
    pub(super) fn start(&self, mask: SigSet, to_stderr: bool) -> Result<Running> {
        let (program, args) = self.command.split_first().context("there is no command")?;
        let mut command = Command::new(program);
        command.args(args);
        // those are for this program
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
            command.env_remove(name);
        }
        if to_stderr {
            command.stdout(io::stderr());
        }
        // This program's own mask would be inherited, and keep the command from being interrupted.
        before_exec(&mut command, move || mask.thread_set_mask());
        if let Some(user) = users::sudo_caller()? {
            run_as(&mut command, &user)?;
        }
        let child = command
            .spawn()
            .with_context(|| format!("failed to run {}", program.display()))?;
        Ok(Running {
            child: RefCell::new(child),
        })
    }
}

/// `work` makes system calls, and does nothing else.
fn before_exec(command: &mut Command, work: impl Fn() -> nix::Result<()> + Send + Sync + 'static) {
    // SAFETY: between fork and exec the child does nothing but these system calls.
    unsafe { command.pre_exec(move || Ok(work()?)) };
}

/// A command that runs, or has run.
#[derive(Debug)]
pub(super) struct Running {
    child: RefCell<Child>,
}

impl Running {
    /// The status of the command, if it has ended.
    pub(super) fn ended(&self) -> Result<Option<ExitStatus>> {
        self.child
            .borrow_mut()
            .try_wait()
            .context("failed to wait for the command")
    }

    /// Hands on a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.borrow().id())?);
        kill(pid, signal).context("failed to signal the command")
    }
}

/// The exit code for a command's status, as in a shell.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    let by_signal = || 128 + status.signal().unwrap_or(0);
    u8::try_from(status.code().unwrap_or_else(by_signal)).unwrap_or(u8::MAX)
}

fn run_as(command: &mut Command, user: &User) -> Result<()> {
    let groups: Vec<_> = users::groups(user)?
        .into_iter()
        .map(Gid::from_raw)
        .collect();
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    command
        .env("USER", &user.name)
        .env("LOGNAME", &user.name)
        .env("HOME", &user.home);
    let filter = typing::filter();
    before_exec(command, move || {
        typing::deny(&filter)?;
        setgroups(&groups)?;
        setgid(gid)?;
        setuid(uid)
    });
    Ok(())
}
