//! Signals that end a program, held back while it must not be ended.

use std::fs;

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

/// The signals by which a user or a shutdown ends a program.
const ENDINGS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// They wait until they are released.
#[derive(Debug)]
pub(crate) struct Held {
    before: SigSet,
}

impl Held {
    /// Holds them back from now on.
    pub(crate) fn hold() -> Result<Self> {
        let mut endings = SigSet::empty();
        ENDINGS.into_iter().for_each(|signal| endings.add(signal));
        let mut before = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&endings), Some(&mut before))
            .context("failed to hold signals")?;
        Ok(Self { before })
    }

    /// Lets them do what they do.
    pub(crate) fn release(self) -> Result<()> {
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None)
            .context("failed to take signals again")
    }

    /// True if one of them has arrived.
    pub(crate) fn has_come(&self) -> Result<bool> {
        let status =
            fs::read_to_string("/proc/thread-self/status").context("failed to read /proc")?;
        let masks = ["SigPnd:\t", "ShdPnd:\t"].map(|field| {
            let mask = status.lines().find_map(|line| line.strip_prefix(field));
            mask.and_then(|mask| u64::from_str_radix(mask, 16).ok())
        });
        let [Some(thread), Some(process)] = masks else {
            return Err(anyhow!("the kernel does not say which signals are pending"));
        };
        let mut held = ENDINGS
            .into_iter()
            .map(|signal| 1_u64 << (signal as i32 - 1));
        Ok(held.any(|bit| (thread | process) & bit != 0))
    }
}
