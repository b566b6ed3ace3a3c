//! Builds of the app, in a thread of its own: one at a time.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Error, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::Event;
use crate::cargo::{self, Building};

/// A build that went well.
pub(super) struct Built {
    program: PathBuf,
    /// True if it made a new binary.
    is_new: bool,
}

/// The result of a build.
pub(super) enum Outcome {
    /// A binary to try, and the time of the change.
    Program(PathBuf, Instant),
    /// The one that was tried last.
    Unchanged,
    /// The next build has begun: its source had changed meanwhile.
    Overtaken,
    /// cargo has said why.
    Failed(Error),
}

pub(super) struct Builds<'a> {
    binary: &'a str,
    app: &'a str,
    events: Sender<Event>,
    /// The one under way.
    build: Option<Build>,
    /// The change that it is for.
    since: Instant,
    /// A change that has come since it began.
    asked: Option<Instant>,
    /// True if the last binary was not tried yet.
    untried: bool,
}

impl<'a> Builds<'a> {
    /// Starts the first one.
    pub(super) fn start(binary: &'a str, app: &'a str, events: Sender<Event>) -> Result<Self> {
        // it may have to compile a lot: cargo shows what
        let build = Build::start(binary, app, false, events.clone())?;
        Ok(Self {
            binary,
            app,
            events,
            build: Some(build),
            since: Instant::now(),
            asked: None,
            untried: true,
        })
    }

    /// Builds after a change: now, or when the present build is through.
    pub(super) fn ask(&mut self, since: Instant) -> Result<()> {
        if self.build.is_some() {
            self.asked.get_or_insert(since);
            return Ok(());
        }
        self.since = since;
        self.build = Some(Build::start(
            self.binary,
            self.app,
            true,
            self.events.clone(),
        )?);
        Ok(())
    }

    /// The consequence of a finished build.
    pub(super) fn ended(&mut self, built: Result<Built>) -> Result<Outcome> {
        self.build = None;
        if let Ok(built) = &built {
            self.untried |= built.is_new;
        }
        if let Some(since) = self.asked.take() {
            self.ask(since)?;
            return Ok(Outcome::Overtaken);
        }
        Ok(match built {
            Err(error) => Outcome::Failed(error),
            Ok(_) if !self.untried => Outcome::Unchanged,
            Ok(built) => {
                self.untried = false;
                Outcome::Program(built.program, self.since)
            }
        })
    }
}

/// A running build, ended when this is dropped.
struct Build {
    group: Pid,
    waiting: Option<JoinHandle<()>>,
}

impl Build {
    /// Builds the binary with this app alone. A quiet build only reports errors.
    fn start(binary: &str, app: &str, quietly: bool, events: Sender<Event>) -> Result<Self> {
        let mut command = cargo::cargo(["build", "--package", binary]);
        command.args(["--no-default-features", "--features", app]);
        if quietly {
            command.arg("--quiet");
        }
        // Ctrl-C is ours alone, and clang's end is that of cargo
        command.process_group(0);
        let building = Building::start(app, &mut command)?;
        let group = Pid::from_raw(building.id().try_into().context("no process id")?);
        let waiting = thread::spawn(move || {
            let built = building.finish().map(|built| Built {
                is_new: built.is_new,
                program: built.program,
            });
            // the receiver is gone at the end
            let _ = events.send(Event::Built(built));
        });
        Ok(Self {
            group,
            waiting: Some(waiting),
        })
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        // until the thread has waited for it the number is no one else's
        if !waiting.is_finished() {
            let _ = killpg(self.group, Signal::SIGTERM);
        }
        let _ = waiting.join();
    }
}
