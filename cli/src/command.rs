use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bpfapps_core::output::{self, Format};
use bpfapps_core::{Options, Registration};
use clap::{ArgMatches, Args as _, Command, FromArgMatches as _, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::list;

/// The apps in this binary, sorted by name.
pub(crate) type Apps = [&'static Registration];

/// What this run was called as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Called {
    /// `bpfapps`: the app is a subcommand
    Bpfapps,
    /// through a link named after an app: it is that app
    App(&'static Registration),
}

impl Called {
    pub(crate) fn by(program: Option<&OsString>, apps: &Apps) -> Self {
        let name = program.and_then(|program| Path::new(program).file_name());
        match apps
            .iter()
            .find(|app| name.is_some_and(|name| name == app.name))
        {
            Some(app) => Self::App(app),
            None => Self::Bpfapps,
        }
    }

    /// The command line that goes with it.
    pub(crate) fn command(self, apps: &Apps) -> Command {
        match self {
            Self::Bpfapps => bpfapps(apps),
            Self::App(app) => Options::augment_args((app.command)()),
        }
        .version(env!("CARGO_PKG_VERSION"))
    }
}

fn bpfapps(apps: &Apps) -> Command {
    let command = Command::new("bpfapps")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(apps.iter().map(|app| (app.command)()));
    // last, since each of these would set its own
    Document::augment_subcommands(Options::augment_args(command))
        .about("BPF applications in one binary")
}

/// What `bpfapps` prints about itself: these subcommands stand beside the apps.
#[derive(Debug, Subcommand)]
pub(crate) enum Document {
    /// List the apps: what each does, and what it needs
    List {
        /// How to print the list
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
        output: Format,
    },
    /// Print the JSON Schema of what an app prints with --output json
    Schema {
        /// The app
        app: String,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell that reads them
        shell: Shell,
    },
    /// Print the man page of bpfapps, or of one app
    Man {
        /// The app
        app: Option<String>,
    },
}

impl Document {
    pub(crate) fn print(matches: &ArgMatches, apps: &Apps) -> Result<()> {
        let mut text = Vec::new();
        match Self::from_arg_matches(matches)? {
            Self::List { output } => text = list::of(apps, output)?.into_bytes(),
            Self::Completions { shell } => {
                clap_complete::generate(shell, &mut bpfapps(apps), "bpfapps", &mut text);
            }
            Self::Schema { app } => {
                let schema = (find(apps, &app)?.schema)();
                let Some(schema) = schema else {
                    bail!("`{app}` prints no JSON")
                };
                text = schema.into();
            }
            Self::Man { app: None } => Man::new(bpfapps(apps)).render(&mut text)?,
            Self::Man { app: Some(name) } => {
                let command = Called::App(find(apps, &name)?).command(apps);
                Man::new(command.name(format!("bpfapps-{name}"))).render(&mut text)?;
            }
        }
        output::print(&text)
    }
}

fn find(apps: &Apps, name: &str) -> Result<&'static Registration> {
    let found = apps.iter().find(|app| app.name == name);
    found
        .copied()
        .with_context(|| format!("there is no app `{name}`: see `bpfapps list`"))
}
