use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::libc::time_t;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Wakes a wait when the wall clock is set: a timer that never expires, and is canceled then.
#[derive(Debug)]
pub(in super::super) struct Steps(TimerFd);

impl Steps {
    /// # Errors
    ///
    /// There are too many open files.
    pub(in super::super) fn watch() -> Result<Self> {
        let context = "failed to watch the wall clock";
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_REALTIME, flags).context(context)?;
        let never = Expiration::OneShot(TimeSpec::new(time_t::MAX, 0));
        let flags =
            TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        timer.set(never, flags).context(context)?;
        Ok(Self(timer))
    }

    /// Watches for the next step, after this one.
    pub(in super::super) fn clear(&self) {
        // ECANCELED
        let _ = self.0.wait();
    }
}

impl AsFd for Steps {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
