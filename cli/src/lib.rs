//! Apps in one binary, each a subcommand, with what every such binary has: options from a file and
//! from the environment, `list`, `doctor`, `explain`, `schema`, completions and man pages.
//!
//! A binary is a list of apps, and this, which [`main!`] fills with what its own package says:
//!
//! ```no_run
//! // use mytool_opens as _;
//!
//! fn main() -> std::process::ExitCode {
//!     bpfapps::run(bpfapps::Binary {
//!         name: "mytool",
//!         version: "0.1.0",
//!         about: "What we look at",
//!     })
//! }
//! ```

mod builtin;
mod call;
mod command;
mod doctor;
pub mod objects;
mod options;
mod print;
mod registered;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{self, ExitCode};

use anyhow::Result;
use bpfapps_core::{Options, Registration, exit_code, let_signals_end_it, registry};
use bpfapps_explain::{coloured, one_line, printable, report, stderr_is_coloured};
use bpfapps_host::caller;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, FromArgMatches as _};

use crate::builtin::Builtin;
use crate::command::{Called, whole};
use crate::options::{config, environment};
use crate::registered::Apps;

/// The identity of a binary with apps. [`main!`] takes it from its package.
#[derive(Clone, Copy, Debug)]
pub struct Binary {
    /// Its name, also in environment variables and in `/etc`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// A short description.
    pub about: &'static str,
}

/// All of a `main` function: runs the app that the command line names, and gives the exit code.
#[macro_export]
macro_rules! main {
    () => {
        $crate::run($crate::Binary {
            name: env!("CARGO_BIN_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: env!("CARGO_PKG_DESCRIPTION"),
        })
    };
}

/// Runs the app that the command line names, or a subcommand besides the apps.
pub fn run(binary: Binary) -> ExitCode {
    match start(binary, env::args_os().collect()) {
        Ok(code) => ExitCode::from(code),
        Err(err) => {
            let code = exit_code(&err);
            if code != 0 {
                let text = report(&err, &call::explain(&binary));
                let text = if stderr_is_coloured() {
                    coloured(&text)
                } else {
                    text
                };
                // If stderr is closed, the exit code must do. Written at once, so that no other
                // output comes in between.
                let _ = io::stderr().write_all(text.as_bytes());
            }
            ExitCode::from(code)
        }
    }
}

/// Returns the exit code of a run that went well.
fn start(binary: Binary, args: Vec<OsString>) -> Result<u8> {
    caller::is_not_lent()?;
    let_signals_end_it()?;
    let apps = Apps::of(binary)?;
    let called = Called::by(args.first(), &apps);
    let mut command = called.command(&apps);
    let (matches, lacking) = match command.try_get_matches_from_mut(&args) {
        Ok(matches) => (matches, None),
        // An option that another one requires may be in the configuration.
        Err(err) if err.kind() == ErrorKind::MissingRequiredArgument => {
            let command = called.command(&apps).ignore_errors(true);
            (command.get_matches_from(&args), Some(err))
        }
        Err(err) => complain(err, &command, None),
    };
    let found = called.app(&matches, &apps);
    if let Some((app, found)) = found
        && let Some((file, added)) = config::args(app, &apps, found)?
    {
        let begin = called.app_args(&args, &apps);
        let args = [&args[..begin], &added, &args[begin..]].concat();
        let matches = command.try_get_matches_from_mut(args);
        let matches = matches.unwrap_or_else(|err| complain(err, &command, Some(&file)));
        let found = called.app(&matches, &apps);
        return found.map_or(Ok(0), |(app, found)| run_app(app, found));
    }
    if let Some(err) = lacking {
        complain(err, &command, None);
    }
    match found {
        Some((app, found)) => run_app(app, found),
        None => {
            let command = |app: Option<_>| match app {
                Some(app) => Called::App(app).command(&apps),
                None => whole(&apps),
            };
            Builtin::run(&matches, &apps, command).map(|()| 0)
        }
    }
}

fn run_app(app: &Registration, matches: &ArgMatches) -> Result<u8> {
    (app.run)(matches, Options::from_arg_matches(matches)?)
}

/// Ends here with 2 and clap's explanation, or with 0 after --help and --version.
fn complain(mut err: clap::Error, command: &Command, config: Option<&Path>) -> ! {
    let hint = match (environment::variable(command, &err), config) {
        (Some(name), _) => format!("hint: {name} in the environment says so\n"),
        (None, Some(file)) => format!("hint: the options in {} count as well\n", file.display()),
        (None, None) => elsewhere(&err),
    };
    make_harmless(&mut err);
    // If stderr is closed, the exit code must do.
    let _ = err.print();
    let _ = io::stderr().write_all(printable(&hint).as_bytes());
    process::exit(err.exit_code())
}

/// The apps that have the option that this one lacks, or that take a command after `--`.
fn elsewhere(err: &clap::Error) -> String {
    let named = err.get(ContextKind::InvalidArg);
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(named))) = (err.kind(), named)
    else {
        return String::new();
    };
    let name = named.trim_start_matches('-');
    let has = |app: &&&Registration| {
        let command = (app.command)();
        let mut options = command.get_arguments();
        options.any(|option| match named.strip_prefix('-') {
            None => option.is_last_set(),
            Some(_) => {
                option.get_long() == Some(name)
                    || option
                        .get_short()
                        .is_some_and(|short| name == short.to_string())
            }
        })
    };
    let apps = registry().unwrap_or_default();
    let apps: Vec<_> = apps.iter().filter(has).map(|app| app.name).collect();
    match (&apps[..], named.starts_with('-')) {
        ([], _) => String::new(),
        (apps, true) => format!("hint: {named} is an option of {}\n", apps.join(", ")),
        (apps, false) => format!("hint: a command behind -- is for {}\n", apps.join(", ")),
    }
}

/// Escapes text from the command line, so that it neither controls the terminal nor starts a line.
fn make_harmless(err: &mut clap::Error) {
    let harmless = err.context().filter_map(|(kind, value)| {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(one_line(text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| one_line(text)).collect())
            }
            _ => return None,
        };
        Some((kind, value))
    });
    for (kind, value) in harmless.collect::<Vec<_>>() {
        err.insert(kind, value);
    }
}
