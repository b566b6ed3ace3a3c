//! What an app loads, found out by starting it up to where its programs are loaded: which those are,
//! and how its maps are laid out, it decides itself.

use std::thread;

use clap::Command;
use libbpf_rs::OpenObject;

use crate::{App, Error, Options, Result, Session};

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

/// What an app loads.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    /// The programs, by name.
    pub programs: Vec<String>,
    /// The maps, by name.
    pub maps: Vec<String>,
}

impl Loads {
    /// What `open` is going to load.
    pub(crate) fn of(open: &OpenObject) -> Self {
        let programs = open.progs().filter(|program| program.autoload());
        let maps = open.maps().filter(|map| map.autocreate());
        Self {
            programs: programs
                .map(|program| program.name().to_string_lossy().into_owned())
                .collect(),
            maps: maps
                .map(|map| map.name().to_string_lossy().into_owned())
                .collect(),
        }
    }
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
        let ended = app.run(&session);
        match session.rehearsed() {
            Some(loads) => Ok(loads),
            None => ended.map(|()| Loads::default()),
        }
    };
    match thread::scope(|scope| scope.spawn(run).join()) {
        Ok(Ok(loads)) => Rehearsal::Loaded(loads),
        Ok(Err(err)) => Rehearsal::Failed(err),
        Err(_) => Rehearsal::Failed(anyhow::anyhow!("it panicked")),
    }
}
