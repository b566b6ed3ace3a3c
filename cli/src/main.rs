//! `bpfapps`: every app of this workspace in one binary, each a subcommand.

mod apps;
mod command;
mod list;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use bpfapps_core::{Hint as _, Options, exit_code, registry};
use clap::FromArgMatches as _;

use crate::command::{Called, Document};

fn main() -> ExitCode {
    match run(env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(err) => {
            let code = exit_code(&err);
            if code != 0 {
                // Where stderr is closed, too, the exit code has to do.
                let _ = complain(&err);
            }
            ExitCode::from(code)
        }
    }
}

fn complain(err: &anyhow::Error) -> io::Result<()> {
    let mut text = format!("error: {err:#}\n");
    if let Some(hint) = err.hint() {
        text += &format!("hint: {hint}\n");
    }
    // in one piece, so that nobody else's words come in between
    io::stderr().write_all(text.as_bytes())
}

/// Returns the exit code of a run that went well.
fn run(args: Vec<OsString>) -> Result<u8> {
    let apps = registry()?;
    let called = Called::by(args.first(), &apps);
    // Ends here with 2 and clap's explanation, or with 0 after --help and --version.
    let matches = called.command(&apps).get_matches_from(args);
    let found = match called {
        Called::App(app) => Some((app, &matches)),
        Called::Bpfapps => matches.subcommand().and_then(|(name, matches)| {
            apps.iter()
                .find(|app| app.name == name)
                .map(|app| (*app, matches))
        }),
    };
    match found {
        Some((app, matches)) => (app.run)(matches, Options::from_arg_matches(matches)?),
        None => Document::print(&matches, &apps).map(|()| 0),
    }
}
