//! `bpfapps`: every app of this workspace in one binary, each a subcommand.

mod command;
mod config;
mod doctor;
mod environment;
mod list;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{self, ExitCode};

use anyhow::Result;
use bpfapps_core::{Options, Registration, exit_code, registry, report};
use clap::error::ErrorKind;
use clap::{ArgMatches, Command, FromArgMatches as _};

use crate::command::{Called, Document};

/// STUB
#[macro_export]
macro_rules! main {
    () => {
        $crate::main_of(env!("CARGO_BIN_NAME"))
    };
}
/// STUB
pub fn main_of(_name: &str) -> ExitCode {
    match run(env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(err) => {
            let code = exit_code(&err);
            if code != 0 {
                // Where stderr is closed, too, the exit code has to do.
                // In one piece, so that nobody else's words come in between.
                let _ = io::stderr().write_all(report(&err).as_bytes());
            }
            ExitCode::from(code)
        }
    }
}

/// Returns the exit code of a run that went well.
fn run(args: Vec<OsString>) -> Result<u8> {
    let apps = registry()?;
    let called = Called::by(args.first(), &apps);
    let mut command = called.command(&apps);
    let (matches, lacking) = match command.try_get_matches_from_mut(&args) {
        Ok(matches) => (matches, None),
        // What an option needs beside it may stand in the configuration.
        Err(err) if err.kind() == ErrorKind::MissingRequiredArgument => {
            let command = called.command(&apps).ignore_errors(true);
            (command.get_matches_from(&args), Some(err))
        }
        Err(err) => explain(&err, &command, None),
    };
    let found = called.app(&matches, &apps);
    if let Some((app, found)) = found
        && let Some((file, added)) = config::args(app, &apps, found)?
    {
        let begin = called.app_args(&args);
        let args = [&args[..begin], &added, &args[begin..]].concat();
        let matches = command.try_get_matches_from_mut(args);
        let matches = matches.unwrap_or_else(|err| explain(&err, &command, Some(&file)));
        let found = called.app(&matches, &apps);
        return found.map_or(Ok(0), |(app, found)| start(app, found));
    }
    if let Some(err) = lacking {
        explain(&err, &command, None);
    }
    match found {
        Some((app, found)) => start(app, found),
        None => Document::print(&matches, &apps).map(|()| 0),
    }
}

fn start(app: &Registration, matches: &ArgMatches) -> Result<u8> {
    (app.run)(matches, Options::from_arg_matches(matches)?)
}

/// Ends here with 2 and clap's explanation, or with 0 after --help and --version.
fn explain(err: &clap::Error, command: &Command, config: Option<&Path>) -> ! {
    // As in `complain`: where stderr is closed the exit code has to do.
    let _ = err.print();
    if let Some(name) = environment::variable(command, err) {
        let _ = writeln!(io::stderr(), "hint: {name} in the environment says so");
    } else if let Some(file) = config {
        let file = file.display();
        let _ = writeln!(io::stderr(), "hint: the options in {file} count as well");
    }
    process::exit(err.exit_code())
}
