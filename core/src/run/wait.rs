use std::os::fd::BorrowedFd;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Waits until one of `fds` is ready or in error, such as a closed pipe, or until `timeout`.
/// Returns which ones are.
///
/// Ctrl-Z and `fg` interrupt the call without a signal of ours: then none of them has.
pub(crate) fn wait(
    fds: &[(BorrowedFd<'_>, PollFlags)],
    timeout: Option<Duration>,
) -> Result<Vec<bool>> {
    let mut polled: Vec<_> = fds
        .iter()
        .map(|&(fd, events)| PollFd::new(fd, events))
        .collect();
    let timeout = match timeout {
        // poll(2) counts milliseconds: a part of one is not to become none, and a busy loop
        Some(timeout) => {
            PollTimeout::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
        }
        None => PollTimeout::NONE,
    };
    match poll(&mut polled, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(err) => return Err(err).context("failed to poll"),
    }
    Ok(polled
        .iter()
        .map(|fd| fd.revents().is_some_and(|events| !events.is_empty()))
        .collect())
}
