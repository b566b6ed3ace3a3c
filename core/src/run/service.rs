//! The protocol of systemd's services: sd_notify(3).
//!
//! The crate of that name has no abstract socket, and waits as long as nobody reads.

use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::{Duration, Instant};

use anyhow::Result;
use bpfapps_host::caller;
use log::warn;

/// How long the first message and the last may take. The loop of events waits for no other.
const PATIENCE: Duration = Duration::from_millis(100);

/// When it is told again that the program is ready.
const LATER: Duration = Duration::from_secs(1);

/// The shortest time between two messages.
const LEAST: Duration = Duration::from_millis(1);

/// How often the status is told, at most.
const STATUS: Duration = Duration::from_secs(5);

/// The manager that has started this program, if it wants to hear of it.
///
/// Its address is the caller's, so messages are sent with the caller's rights.
#[derive(Debug)]
pub(crate) struct Service(Option<RefCell<Told>>);

/// What is to be told, and what was.
#[derive(Debug)]
struct Told {
    manager: SocketAddr,
    /// How often it is told that the loop runs.
    pulse: Option<Duration>,
    is_attached: bool,
    /// That has been told.
    is_ready: bool,
    is_stopping: bool,
    pulsed: Instant,
    /// Events and losses.
    status: (u64, u64),
    told_status: (u64, u64),
    status_at: Option<Instant>,
    is_warned: bool,
}

impl Service {
    /// As systemd says it in variables.
    pub(super) fn of_environment() -> Self {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let Some(name) = variable("NOTIFY_SOCKET") else {
            return Self(None);
        };
        let Ok(manager) = address(&name) else {
            warn!("NOTIFY_SOCKET is ignored: it names no socket of this machine");
            return Self(None);
        };
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
        let limit = number("WATCHDOG_USEC").filter(|limit| is_ours && *limit > 0);
        let pulse = limit.map(|limit| Duration::from_micros(limit / 2).max(LEAST));
        Self(Some(RefCell::new(Told {
            manager,
            pulse,
            is_attached: false,
            is_ready: false,
            is_stopping: false,
            pulsed: Instant::now(),
            status: (0, 0),
            told_status: (0, 0),
            status_at: None,
            is_warned: false,
        })))
    }

    /// All is attached.
    pub(crate) fn ready(&self) {
        self.with(|told| {
            // a further list is no further start
            if !told.is_attached {
                told.is_attached = true;
                told.tell_ready(Instant::now());
            }
        });
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        self.with(|told| {
            if told.is_ready && !told.is_stopping {
                told.is_stopping = true;
                told.send("STOPPING=1", PATIENCE);
            }
        });
    }

    /// So many events were reported, and so many lost.
    pub(crate) fn count(&self, counts: impl FnOnce() -> (u64, u64)) {
        self.with(|told| told.status = counts());
    }

    /// The loop of events runs: it alone calls this, and often enough.
    pub(crate) fn alive(&self) {
        self.with(|told| {
            let now = Instant::now();
            if told.ready_due(now).is_some_and(|due| due.is_zero()) {
                told.tell_ready(now);
            }
            if told.pulse_due(now).is_some_and(|due| due.is_zero()) {
                told.pulsed = now;
                told.send("WATCHDOG=1", Duration::ZERO);
            }
            if told.status_due(now).is_some_and(|due| due.is_zero()) {
                told.status_at = Some(now);
                told.told_status = told.status;
                let (events, lost) = told.status;
                let status = format!("STATUS={events} events, {lost} lost");
                told.send(&status, Duration::ZERO);
            }
        });
    }

    /// How long the loop may wait until then.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let told = self.0.as_ref()?.borrow();
        let now = Instant::now();
        let dues = [
            told.ready_due(now),
            told.pulse_due(now),
            told.status_due(now),
        ];
        dues.into_iter().flatten().min()
    }

    fn with(&self, work: impl FnOnce(&mut Told)) {
        if let Some(told) = &self.0 {
            work(&mut told.borrow_mut());
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stopping();
    }
}

impl Told {
    fn tell_ready(&mut self, now: Instant) {
        self.is_ready = self.send("READY=1", PATIENCE);
        self.pulsed = now;
    }

    /// A manager that was too busy is told again: it would end a program that is not ready.
    fn ready_due(&self, now: Instant) -> Option<Duration> {
        let due = self.pulsed + LATER;
        (self.is_attached && !self.is_ready).then(|| due.saturating_duration_since(now))
    }

    fn pulse_due(&self, now: Instant) -> Option<Duration> {
        let due = self.pulsed + self.pulse.filter(|_| self.is_ready)?;
        Some(due.saturating_duration_since(now))
    }

    fn status_due(&self, now: Instant) -> Option<Duration> {
        let is_news = self.is_ready && self.status != self.told_status;
        let due = self.status_at.map_or(now, |at| at + STATUS);
        is_news.then(|| due.saturating_duration_since(now))
    }

    /// True if it is on its way.
    fn send(&mut self, message: &str, patience: Duration) -> bool {
        let sent = caller::act(|| send(&self.manager, message, patience));
        let failed = match sent {
            Ok(Ok(())) => return true,
            Ok(Err(err)) => err.into(),
            Err(err) => err,
        };
        if !self.is_warned {
            self.is_warned = true;
            warn!("failed to tell systemd {message}: {failed:#}");
        }
        false
    }
}

fn send(manager: &SocketAddr, message: &str, patience: Duration) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    match patience.is_zero() {
        true => socket.set_nonblocking(true)?,
        false => socket.set_write_timeout(Some(patience))?,
    }
    socket.send_to_addr(message.as_bytes(), manager).map(drop)
}

/// A path, or the name of an abstract socket after `@`.
fn address(name: &OsStr) -> Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => Ok(SocketAddr::from_abstract_name(name)?),
        [b'/', ..] => Ok(SocketAddr::from_pathname(name)?),
        _ => anyhow::bail!("neither a path nor an abstract name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_has_a_path_or_an_abstract_name() -> Result<()> {
        let path = address("/run/systemd/notify".as_ref())?;
        assert_eq!(path.as_pathname(), Some("/run/systemd/notify".as_ref()));
        let name = address("@a/b".as_ref())?;
        assert_eq!(name.as_abstract_name(), Some(&b"a/b"[..]));
        for wrong in ["vsock:2:1234", "notify", "/a\0b"] {
            assert!(address(wrong.as_ref()).is_err(), "{wrong}");
        }
        Ok(())
    }
}
