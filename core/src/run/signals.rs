//! The signals that end a run.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::libc::SI_KERNEL;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Both end every run, however it was started.
const ALWAYS: [Signal; 2] = [Signal::SIGINT, Signal::SIGTERM];

/// Lets SIGINT and SIGTERM end the program at once. Until a [`Session`](crate::Session) has loaded
/// something, nothing would be left behind.
///
/// # Errors
///
/// The kernel refuses.
pub fn let_signals_end_it() -> Result<()> {
    for one in ALWAYS {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal(one, SigHandler::SigDfl) }.context("failed to take signals back")?;
    }
    let blocked = SigSet::from_iter(ALWAYS).thread_unblock();
    blocked.context("failed to unblock signals")
}

/// The signals that ask the program to end, as a file descriptor to wait for. It gets ready for
/// SIGCHLD, too: a command that the program runs has ended.
///
/// No handler runs, so nothing is interrupted half-way, and no signal can slip in between a check
/// and the wait that follows it.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: SignalFd,
    all: SigSet,
    /// Signals that were blocked at the start, for a command that we run.
    inherited: Cell<Option<SigSet>>,
    ending: SigSet,
    ended: Cell<Option<Ending>>,
}

/// The signal that has asked the program to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) signal: Signal,
    /// True if it came from the terminal, which signals every program in the foreground.
    pub(crate) by_terminal: bool,
}

impl Signals {
    /// The signals still have their default effect.
    pub(crate) fn new() -> Result<Self> {
        let mut ending = SigSet::from_iter(ALWAYS);
        // Under nohup a hang-up is no reason to end; a blocked signal would arrive all the same.
        if !is_ignored(Signal::SIGHUP) {
            ending.add(Signal::SIGHUP);
        }
        let mut all = ending;
        all.add(Signal::SIGCHLD);
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&all, flags).context("failed to create a signalfd")?;
        Ok(Self {
            fd,
            all,
            inherited: Cell::new(None),
            ending,
            ended: Cell::new(None),
        })
    }

    /// Blocks SIGINT, SIGTERM and SIGHUP: from now on they are read from a descriptor.
    pub(crate) fn block(&self) -> Result<()> {
        if self.inherited.get().is_none() {
            let mask = self.all.thread_swap_mask(SigmaskHow::SIG_BLOCK);
            self.inherited
                .set(Some(mask.context("failed to block signals")?));
        }
        Ok(())
    }

    /// The signal mask for a command that we run.
    pub(crate) fn inherited(&self) -> SigSet {
        self.inherited.get().unwrap_or_else(SigSet::empty)
    }

    /// Which of them has come. From then on a further one ends the program at once.
    pub(crate) fn ended(&self) -> Result<Option<Ending>> {
        while let Some(info) = self.fd.read_signal().context("failed to read a signal")? {
            let signal = i32::try_from(info.ssi_signo).map(Signal::try_from);
            let Ok(Ok(signal)) = signal else { continue };
            if self.ending.contains(signal) && self.ended.get().is_none() {
                let by_terminal = info.ssi_code == SI_KERNEL;
                self.ended.set(Some(Ending {
                    signal,
                    by_terminal,
                }));
                self.ending
                    .thread_unblock()
                    .context("failed to unblock signals")?;
            }
        }
        Ok(self.ended.get())
    }

    /// True if one was read already; a later one shows up in a wait.
    pub(crate) fn has_come(&self) -> bool {
        self.ended.get().is_some()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// True if the program was started with this signal ignored. sigaction(2) would require unsafe
/// code.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (signal as i32 - 1)) != 0
}
