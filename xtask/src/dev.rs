//! `cargo xtask dev`: builds and runs an app again after each change of its source.
//!
//! One thread decides. Others wait for changes, builds and apps, and send it an [`Event`].

mod binary;
mod build;
mod input;
mod output;
mod screen;
mod version;
mod versions;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::setup::{self, Stage};
use build::{Builds, Built, Outcome, Package};
use input::Input;
use screen::Screen;
use versions::Versions;
use watch::Sources;

/// The signals by which a user or a closed terminal ends a program.
const ENDINGS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Practically forever.
const A_DAY: Duration = Duration::from_secs(86_400);

/// How often lines that are not shown are counted in sight.
const COUNTING: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app and its arguments: every flag after its name is its own, and so is stdin
    #[arg(
        value_name = "APP",
        required = true,
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
    Built(Built),
    /// The version of that number has written its first line.
    Ready(u32),
    /// The process of that version has ended.
    Gone(u32),
    /// A signal has arrived, or the reader of our output is gone.
    Quit,
}

/// What threads share.
struct Shared {
    screen: Screen,
    input: Input,
    events: Sender<Event>,
}

impl Shared {
    fn send(&self, event: Event) {
        // the receiver is gone at the end
        let _ = self.events.send(event);
    }
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let workspace = Workspace::here()?;
    let app = options.args.first().context("which app")?;
    let app = app.to_string_lossy().into_owned();
    workspace.know(&app)?;
    setup::ensure(Stage::Build)?;

    let (sender, events) = mpsc::channel();
    await_signals(sender.clone())?;
    let sources = Sources::watch(workspace, &app, sender.clone())?;
    let shared = Arc::new(Shared {
        screen: Screen::new(),
        input: Input::new(),
        events: sender,
    });
    let mut versions = Versions::new(workspace.binary()?, options.args, &shared);
    let package = Package {
        binary: workspace.binary()?,
        app,
        target: workspace.target(),
    };
    let builds = Builds::start(package, &shared)?;
    let root = workspace.root();
    let decided = decide(
        root,
        sources,
        builds,
        &mut versions,
        &shared.screen,
        &events,
    );
    // also after a failure
    versions.end().and(decided)?;
    Ok(ExitCode::SUCCESS)
}

/// Until a signal comes.
fn decide(
    root: &Path,
    mut sources: Sources,
    mut builds: Builds,
    versions: &mut Versions,
    screen: &Screen,
    events: &Receiver<Event>,
) -> Result<()> {
    loop {
        let patience = versions.patience().unwrap_or(A_DAY);
        let patience = match screen.is_holding() {
            true => patience.min(COUNTING),
            false => patience,
        };
        match events.recv_timeout(patience) {
            Ok(Event::Changed(path, since)) => {
                sources.renew();
                let path = path.strip_prefix(root).unwrap_or(&path).display();
                screen.note(format_args!("{path} has changed"));
                builds.ask(since)?;
            }
            Ok(Event::Built(built)) => {
                let (outcome, output) = builds.ended(built)?;
                if let Outcome::Failed(_) = outcome {
                    versions.hold();
                }
                screen.build(&output);
                match outcome {
                    Outcome::Program(program, since) => match versions.take_over(&program, since) {
                        // sudo was refused, the disk is full: what runs has no part in that
                        Err(error) if versions.any() => {
                            versions.hold();
                            versions.note(&format!("{error:#}"));
                        }
                        tried => tried?,
                    },
                    Outcome::Failed(error) => versions.note(&format!("{error:#}")),
                    Outcome::Overtaken => {}
                }
            }
            Ok(Event::Ready(number)) => versions.ready(number)?,
            Ok(Event::Gone(number)) => versions.gone(number)?,
            Err(RecvTimeoutError::Timeout) => {
                versions.ready_or_slow()?;
                screen.refresh();
            }
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
