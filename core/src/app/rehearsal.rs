//! Finds out what an app loads by starting it up to that point: the app itself selects its programs
//! and sizes its maps.

use std::thread;

use anyhow::{Error, Result, anyhow};

use super::App;
use super::registry::{command, sized};
use crate::session::{Loads, Options, Session};

/// The result of starting an app.
#[derive(Debug)]
pub enum Rehearsal {
    /// The kernel has taken these.
    Loaded(Loads),
    /// The app requires arguments that were not given.
    NeedsArguments,
    /// It failed.
    Failed(Error),
}

/// Starts `A` with these arguments until its programs are loaded: nothing attaches, and nothing
/// stays.
pub(crate) fn of<A: App>(args: &[String], options: Options) -> Rehearsal {
    let command = command::<A>().no_binary_name(true);
    let Ok(matches) = command.try_get_matches_from(args) else {
        return Rehearsal::NeedsArguments;
    };
    // blocked signals and mounts belong to this thread alone
    let run = move || -> Result<Loads> {
        let app = A::from_arg_matches(&matches)?;
        let session = Session::rehearsal(sized(options, &matches), A::NEEDS)?;
        let ended = app.run(&session);
        // it may have tried another way after that
        match session.rehearsed() {
            Some(loads) => Ok(loads),
            None => ended.map(|()| Loads::default()),
        }
    };
    match thread::scope(|scope| scope.spawn(run).join()) {
        Ok(Ok(loads)) => Rehearsal::Loaded(loads),
        Ok(Err(err)) => Rehearsal::Failed(err),
        Err(_) => Rehearsal::Failed(anyhow!("it panicked")),
    }
}
