//! Until when a program runs: signals, the command that it traces, and the service manager.

mod service;
mod signals;
mod typing;
mod wait;
mod workload;

use std::cell::RefCell;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use nix::poll::PollFlags;

use workload::Running;

use service::Service;
pub(crate) use signals::Signals;
pub use signals::let_signals_end_it;
pub(crate) use wait::wait;
pub use workload::Workload;

/// How long a command may take to end after it was asked to.
const GRACE: Duration = Duration::from_millis(500);

/// The signals that end this program, the command that it runs, and the manager that it tells.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) signals: Rc<Signals>,
    command: RefCell<Option<Running>>,
    pub(crate) service: Service,
}

impl Run {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            signals: Rc::new(Signals::new()?),
            command: RefCell::new(None),
            service: Service::of_environment(),
        })
    }

    pub(crate) fn start_command(&self, workload: &Workload, to_stderr: bool) -> Result<()> {
        let running = workload.start(self.signals.inherited(), to_stderr)?;
        self.command.replace(Some(running));
        Ok(())
    }

    pub(crate) fn has_command(&self) -> bool {
        self.command.borrow().is_some()
    }

    /// True if this run is over: a signal has arrived, or its command has ended.
    pub(crate) fn ended(&self) -> Result<bool> {
        Ok(self.signals.ended()?.is_some() || self.command_has_ended()?)
    }

    /// The same after waiting, without asking for signals again.
    pub(crate) fn was_ended(&self) -> Result<bool> {
        Ok(self.signals.has_come() || self.command_has_ended()?)
    }

    fn command_has_ended(&self) -> Result<bool> {
        match &*self.command.borrow() {
            Some(running) => Ok(running.ended()?.is_some()),
            None => Ok(false),
        }
    }

    /// If a signal ends this run while the command runs, forwards the signal and waits a moment, so
    /// that the command's end is reported.
    pub(crate) fn end_command(&self) -> Result<()> {
        let running = self.command.borrow();
        let (Some(running), Some(ending)) = (&*running, self.signals.ended()?) else {
            return Ok(());
        };
        if !ending.by_terminal && running.ended()?.is_none() {
            running.signal(ending.signal)?;
        }
        let end = Instant::now() + GRACE;
        while running.ended()?.is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait(&[(self.signals.as_fd(), PollFlags::POLLIN)], Some(left))?;
            self.signals.ended()?;
        }
        Ok(())
    }

    /// The exit code of a successful run: 0, or the command's. Waits for a command that still runs.
    ///
    /// # Errors
    ///
    /// The command can't be waited for.
    pub(crate) fn exit_code(&self) -> Result<u8> {
        let running = self.command.borrow();
        let Some(running) = &*running else {
            return Ok(0);
        };
        loop {
            if let Some(status) = running.ended()? {
                return Ok(workload::exit_code(status));
            }
            if let Some(ending) = self.signals.ended()? {
                return Ok(128 + ending.signal as u8);
            }
            wait(&[(self.signals.as_fd(), PollFlags::POLLIN)], None)?;
        }
    }
}
