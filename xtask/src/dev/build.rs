//! Builds of the app, in a thread of its own: one at a time.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Error, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Event, Shared, output};
use crate::apps::EXPORTERS;
use crate::cargo::{self, Building};

/// cargo's variable for the folder of everything but the results.
const BUILD_DIR: &str = "CARGO_BUILD_BUILD_DIR";

/// A build that is over.
pub(super) struct Built {
    /// The binary, unless it failed.
    program: Result<PathBuf>,
    /// cargo's output, if it is not shown yet.
    output: Vec<u8>,
}

/// The result of a build.
pub(super) enum Outcome {
    /// A binary, and the time of the change.
    Program(PathBuf, Instant),
    /// The next build has begun: its source had changed meanwhile.
    Overtaken,
    /// cargo has said why.
    Failed(Error),
}

pub(super) struct Builds {
    shared: Arc<Shared>,
    package: Package,
    /// The one under way.
    build: Option<Build>,
    /// The change that it is for.
    since: Instant,
    /// A change that has come since it began.
    asked: Option<Instant>,
}

/// What is built.
pub(super) struct Package {
    /// The package of the binary.
    pub(super) binary: &'static str,
    /// The only app in it.
    pub(super) app: String,
    /// The workspace's folder of builds.
    pub(super) target: &'static Path,
}

impl Builds {
    /// Starts the first one.
    pub(super) fn start(package: Package, shared: &Arc<Shared>) -> Result<Self> {
        // it may have to compile a lot: cargo shows what
        let build = Build::start(&package, false, shared)?;
        Ok(Self {
            shared: Arc::clone(shared),
            package,
            build: Some(build),
            since: Instant::now(),
            asked: None,
        })
    }

    /// Builds after a change: now, or when the present build is through.
    pub(super) fn ask(&mut self, since: Instant) -> Result<()> {
        if self.build.is_some() {
            self.asked.get_or_insert(since);
            return Ok(());
        }
        self.since = since;
        self.build = Some(Build::start(&self.package, true, &self.shared)?);
        Ok(())
    }

    /// The consequence of a finished build, and what cargo has said.
    pub(super) fn ended(&mut self, built: Built) -> Result<(Outcome, Vec<u8>)> {
        self.build = None;
        if let Some(since) = self.asked.take() {
            self.ask(since)?;
            return Ok((Outcome::Overtaken, Vec::new()));
        }
        let outcome = match built.program {
            Err(error) => Outcome::Failed(error),
            Ok(program) => Outcome::Program(program, self.since),
        };
        Ok((outcome, built.output))
    }
}

/// A running build, ended when this is dropped.
struct Build {
    group: Pid,
    waiting: Option<JoinHandle<()>>,
}

impl Build {
    /// Builds the binary with this app alone. A quiet build only reports errors, at its end.
    fn start(package: &Package, quietly: bool, shared: &Arc<Shared>) -> Result<Self> {
        let mut command = package.command();
        let mut output = None;
        if quietly {
            let (reader, stderr) = output::in_place_of(&io::stderr())?;
            command.arg("--quiet").stderr(stderr);
            output = Some(reader);
        }
        // Ctrl-C is ours alone, and clang's end is that of cargo
        command.process_group(0);
        let building = Building::start(&package.app, &mut command)?;
        // otherwise the command keeps the writing end
        drop(command);
        let group = Pid::from_raw(building.id().try_into().context("no process id")?);
        let events = Arc::clone(shared);
        let waiting = thread::spawn(move || {
            let reading = output.map(|output| thread::spawn(|| output::all(output)));
            let program = building.finish().map(|built| built.program);
            let output = reading.and_then(|reading| reading.join().ok());
            let output = output.unwrap_or_default();
            events.send(Event::Built(Built { program, output }));
        });
        Ok(Self {
            group,
            waiting: Some(waiting),
        })
    }
}

impl Package {
    /// The call of cargo. The binary has only one app, so it must not replace the one with all of
    /// them; what it is built of is shared with that one, where cargo can do so (1.91).
    fn command(&self) -> Command {
        let mut command = cargo::cargo(["build", "--package", self.binary]);
        command.args(["--no-default-features", "--features", &self.app]);
        command.args(["--features", &EXPORTERS.join(",")]);
        command.arg("--target-dir").arg(self.target.join("dev"));
        if env::var_os(BUILD_DIR).is_none() {
            command.env(BUILD_DIR, self.target);
        }
        command.stdin(Stdio::null());
        command
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
