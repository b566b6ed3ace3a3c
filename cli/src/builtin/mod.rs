//! The subcommands besides the apps.

mod completions;
mod explain;
mod finding;
mod list;
mod schema;
mod verify;

use std::path::PathBuf;

use anyhow::{Result, bail};
use bpfapps_core::output::Format;
use bpfapps_core::{Options, Registration};
use clap::{ArgMatches, Command, FromArgMatches as _, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::call;
use crate::doctor::Doctor;
use crate::options::config;
use crate::print;
use crate::registered::Apps;
use explain::Explain;
use verify::Verify;

/// Subcommands about the binary and its apps.
#[derive(Debug, Subcommand)]
pub(crate) enum Builtin {
    /// List the apps, with what they do and what they need
    List {
        /// Format of the list
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
        output: Format,
    },
    /// Print the JSON Schema of what an app prints with --output json
    Schema {
        /// The app
        app: String,
    },
    /// Look at a configuration before it counts
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Check whether this machine runs the apps, and show how to fix what does not work
    Doctor(Doctor),
    /// Explain a failure by its code or by a verifier log: its cause, and what fixes it
    Explain(Explain),
    /// Load each program of a BPF object file or an app alone, and show its cost to the verifier
    Verify(Verify),
    /// Print the completions for a shell
    Completions {
        /// The shell that reads them
        shell: Shell,
    },
    /// Print the man page of this program, or of one app
    Man {
        /// The app
        app: Option<String>,
    },
}

/// Tasks for a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the options of every app, and report each mistake
    Check {
        /// The configuration
        file: PathBuf,
    },
}

impl Builtin {
    /// Prints what `matches` ask for. `command` is the command line of the binary, or of the app of
    /// that name.
    pub(crate) fn run(
        matches: &ArgMatches,
        apps: &Apps,
        command: impl Fn(Option<&'static Registration>) -> Command,
    ) -> Result<()> {
        let mut text = Vec::new();
        let mut failure = None;
        match Self::from_arg_matches(matches)? {
            Self::List { output } => text = list::of(apps, output)?.into_bytes(),
            Self::Doctor(doctor) => {
                let options = Options::from_arg_matches(matches)?;
                let (report, ill) = doctor.run(&options, apps)?;
                (text, failure) = (report.into_bytes(), ill);
            }
            Self::Explain(explain) => text = explain.run(&call::explain(&apps.binary))?.into(),
            Self::Verify(verify) => {
                let (report, ill) = verify.run(apps)?;
                (text, failure) = (report.into_bytes(), ill);
            }
            Self::Completions { shell } => {
                text = completions::script(shell, apps, command(None));
            }
            Self::Config {
                command: ConfigCommand::Check { file },
            } => {
                let (report, mistakes) = config::check(&file, apps)?;
                (text, failure) = (report.into_bytes(), mistakes);
            }
            Self::Schema { app } => {
                let Some(schema) = schema::of(apps.find(&app)?, apps.binary.name) else {
                    bail!("`{app}` prints no JSON")
                };
                text = schema.into();
            }
            Self::Man { app: None } => Man::new(command(None)).render(&mut text)?,
            Self::Man { app: Some(name) } => {
                let command = command(Some(apps.find(&name)?));
                let binary = apps.binary.name;
                let command = command.bin_name(format!("{binary} {name}"));
                Man::new(command.name(format!("{binary}-{name}"))).render(&mut text)?;
            }
        }
        print::print(&text)?;
        failure.map_or(Ok(()), Err)
    }
}
