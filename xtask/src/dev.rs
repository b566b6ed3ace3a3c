//! `cargo xtask dev`: builds and runs an app again after each change of its source.
//!
//! One thread decides. Others wait for changes, builds and apps, and send it an [`Event`].

mod build;
mod output;
mod version;
mod versions;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::out;
use crate::setup::{self, Stage};
use build::{Builds, Built, Outcome};
use versions::Versions;
use watch::Sources;

/// The signals by which a user or a closed terminal ends a program.
const ENDINGS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Practically forever.
const A_DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
    /// Arguments of the app: every flag after its name is its own
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<OsString>,
}

/// The events for the deciding thread.
enum Event {
    /// Files have changed, this one among them, and none for a moment since.
    Changed(PathBuf, Instant),
    /// A build is over.
    Built(Result<Built>),
    /// The version of that number has written its first line.
    Ready(u32),
    /// The process of that version has ended.
    Gone(u32),
    /// A signal has arrived, or the reader of our output is gone.
    Quit,
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let workspace = Workspace::here()?;
    workspace.know(&options.app)?;
    setup::ensure(Stage::Build)?;

    let (sender, events) = mpsc::channel();
    await_signals(sender.clone())?;
    let sources = Sources::watch(workspace, &options.app, sender.clone())?;
    let mut versions = Versions::new(workspace.binary()?, &options, sender.clone());
    let builds = Builds::start(workspace.binary()?, &options.app, sender)?;
    let decided = decide(workspace.root(), sources, builds, &mut versions, &events);
    // also after a failure
    versions.end().and(decided)?;
    Ok(ExitCode::SUCCESS)
}

/// Until a signal comes.
fn decide(
    root: &Path,
    mut sources: Sources,
    mut builds: Builds<'_>,
    versions: &mut Versions,
    events: &Receiver<Event>,
) -> Result<()> {
    loop {
        let patience = versions.patience().unwrap_or(A_DAY);
        match events.recv_timeout(patience) {
            Ok(Event::Changed(path, since)) => {
                sources.renew();
                let path = path.strip_prefix(root).unwrap_or(&path).display();
                out::note(format_args!("dev: {path} has changed"));
                builds.ask(since)?;
            }
            Ok(Event::Built(ended)) => match builds.ended(ended)? {
                Outcome::Program(program, since) => match versions.take_over(&program, since) {
                    // sudo was refused, the disk is full: what runs has no part in that
                    Err(error) if versions.any() => versions.note(&format!("{error:#}")),
                    tried => tried?,
                },
                Outcome::Unchanged => versions.note("nothing to rebuild"),
                Outcome::Failed(error) => versions.note(&format!("{error:#}")),
                Outcome::Overtaken => {}
            },
            Ok(Event::Ready(number)) => versions.ready(number)?,
            Ok(Event::Gone(number)) => versions.gone(number)?,
            Err(RecvTimeoutError::Timeout) => versions.ready_or_slow()?,
            Ok(Event::Quit) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Has signals sent as events. They are handled and not blocked: what we start would inherit that.
fn await_signals(events: Sender<Event>) -> Result<()> {
    let mut signals = Signals::new(ENDINGS).context("failed to handle signals")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            // the receiver is gone at the end
            let _ = events.send(Event::Quit);
        }
    });
    Ok(())
}
