use std::borrow::Cow;
use std::cell::Cell;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals that ask the program to end, as a file descriptor to wait for.
///
/// No handler runs, so nothing is interrupted half-way, and no signal can slip in between a check
/// and the wait that follows it.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: SignalFd,
    mask: SigSet,
    ended: Cell<bool>,
}

impl Signals {
    /// From here on SIGINT, SIGTERM and SIGHUP wait to be asked for.
    pub(crate) fn block() -> Result<Self> {
        let mut mask = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
        // Under nohup a hang-up is no reason to end; a blocked signal would arrive all the same.
        if !is_ignored(Signal::SIGHUP) {
            mask.add(Signal::SIGHUP);
        }
        mask.thread_block().context("failed to block signals")?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&mask, flags).context("failed to create a signalfd")?;
        Ok(Self {
            fd,
            mask,
            ended: Cell::new(false),
        })
    }

    /// Whether one of them has come. From then on a further one ends the program at once.
    pub(crate) fn ended(&self) -> Result<bool> {
        if !self.ended.get()
            && self
                .fd
                .read_signal()
                .context("failed to read a signal")?
                .is_some()
        {
            self.ended.set(true);
            self.mask
                .thread_unblock()
                .context("failed to unblock signals")?;
        }
        Ok(self.ended.get())
    }

    /// Whether one of them was seen already; one that has come since shows in a wait.
    pub(crate) fn has_come(&self) -> bool {
        self.ended.get()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether the program was started with this signal ignored. Asking the kernel through
/// sigaction(2) would take unsafe code.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (signal as i32 - 1)) != 0
}

/// The name of a signal on this architecture, such as `SIGKILL`.
pub fn signal_name(number: u32) -> Cow<'static, str> {
    // The two below are glibc's own.
    const SIGRTMIN: u32 = 34;
    match i32::try_from(number)
        .ok()
        .and_then(|number| Signal::try_from(number).ok())
    {
        Some(signal) => signal.as_str().into(),
        None if number == SIGRTMIN => "SIGRTMIN".into(),
        None if (SIGRTMIN..=64).contains(&number) => {
            format!("SIGRTMIN+{}", number - SIGRTMIN).into()
        }
        None => format!("signal {number}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_name() {
        let names = [9, 11, 34, 64, 33].map(signal_name);
        assert_eq!(
            names,
            ["SIGKILL", "SIGSEGV", "SIGRTMIN", "SIGRTMIN+30", "signal 33"]
        );
    }
}
