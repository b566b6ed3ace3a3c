//! What an app loads, found out by starting it up to where its programs are loaded: which those are,
//! and how its maps are laid out, it decides itself.

use std::thread;

use anyhow::{Error, Result, anyhow};
use clap::Command;

use super::App;
use crate::session::{Loads, Options, Session};

/// How the start of an app went.
#[derive(Debug)]
pub enum Rehearsal {
    /// The kernel has taken these.
    Loaded(Loads),
    /// The app asks for arguments that nobody has given.
    NeedsArguments,
    /// It failed.
    Failed(Error),
}

/// Starts `A` with these arguments until its programs are loaded: nothing attaches, and nothing
/// stays.
pub(crate) fn of<A: App>(args: &[String], options: Options) -> Rehearsal {
    let command = A::augment_args(Command::new(A::NAME)).no_binary_name(true);
    let Ok(matches) = command.try_get_matches_from(args) else {
        return Rehearsal::NeedsArguments;
    };
    // signals that are blocked, and mounts, are those of the thread alone
    let run = move || -> Result<Loads> {
        let app = A::from_arg_matches(&matches)?;
        let session = Session::rehearsal(options, A::NEEDS)?;
        app.run(&session)?;
        Ok(session.rehearsed())
    };
    match thread::scope(|scope| scope.spawn(run).join()) {
        Ok(Ok(loads)) => Rehearsal::Loaded(loads),
        Ok(Err(err)) => Rehearsal::Failed(err),
        Err(_) => Rehearsal::Failed(anyhow!("it panicked")),
    }
}
