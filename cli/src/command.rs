use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bpfapps_core::output::{self, Format};
use bpfapps_core::{Code, Options, Registration};
use clap::{ArgMatches, Args as _, Command, FromArgMatches as _, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::doctor::Doctor;
use crate::{config, environment, list};

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
            Self::App(app) => environment::session(Options::augment_args(environment::of_app(app))),
        }
        .version(env!("CARGO_PKG_VERSION"))
    }

    /// The app that is meant, and what was found for it.
    pub(crate) fn app<'a>(
        self,
        matches: &'a ArgMatches,
        apps: &Apps,
    ) -> Option<(&'static Registration, &'a ArgMatches)> {
        match self {
            Self::App(app) => Some((app, matches)),
            Self::Bpfapps => {
                let (name, matches) = matches.subcommand()?;
                let app = apps.iter().find(|app| app.name == name)?;
                Some((app, matches))
            }
        }
    }

    /// Where the arguments of the app begin, in a command line that clap has accepted.
    pub(crate) fn app_args(self, args: &[OsString]) -> usize {
        if let Self::App(_) = self {
            return 1;
        }
        // To this command an app's name is unknown, and all behind it belongs to that.
        let outline = Options::augment_args(Command::new("bpfapps"))
            .allow_external_subcommands(true)
            .try_get_matches_from(args);
        let behind = outline.ok().and_then(|matches| {
            let (_, app) = matches.subcommand()?;
            Some(app.get_many::<OsString>("")?.len())
        });
        args.len() - behind.unwrap_or(0)
    }
}

fn bpfapps(apps: &Apps) -> Command {
    let command = Command::new("bpfapps")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(apps.iter().map(|app| environment::of_app(app)));
    // last, since each of these would set its own
    let command = Document::augment_subcommands(Options::augment_args(command))
        .about("BPF applications in one binary");
    environment::session(command)
}

/// An app with all the options that it understands, and nothing else to take them from.
pub(crate) fn plain(app: &Registration) -> Command {
    Options::augment_args((app.command)())
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
    /// Look at a configuration before it counts
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Find out whether this machine runs the apps, and what to do where it does not
    Doctor(Doctor),
    /// Explain a failure by its code: its cause, an example, and what mends it
    Explain {
        /// The code, such as BPF0001; without one all of them are listed
        code: Option<Code>,
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

/// What can be done with a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check what it says about every app, and name each mistake
    Check {
        /// The configuration
        file: PathBuf,
    },
}

impl Document {
    pub(crate) fn print(matches: &ArgMatches, apps: &Apps) -> Result<()> {
        let mut text = Vec::new();
        let mut failure = None;
        match Self::from_arg_matches(matches)? {
            Self::List { output } => text = list::of(apps, output)?.into_bytes(),
            Self::Doctor(doctor) => {
                let options = Options::from_arg_matches(matches)?;
                let (report, ill) = doctor.run(&options, apps)?;
                (text, failure) = (report.into_bytes(), ill);
            }
            Self::Explain { code: Some(code) } => text = code.page().into(),
            Self::Explain { code: None } => {
                for code in Code::ALL {
                    writeln!(text, "{code}  {}", code.title())?;
                }
            }
            Self::Completions { shell } => {
                clap_complete::generate(shell, &mut bpfapps(apps), "bpfapps", &mut text);
            }
            Self::Config {
                command: ConfigCommand::Check { file },
            } => {
                let (report, mistakes) = config::check(&file, apps)?;
                (text, failure) = (report.into_bytes(), mistakes);
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
        output::print(&text)?;
        failure.map_or(Ok(()), Err)
    }
}

pub(crate) fn find(apps: &Apps, name: &str) -> Result<&'static Registration> {
    let found = apps.iter().find(|app| app.name == name);
    found
        .copied()
        .with_context(|| format!("there is no app `{name}`: see `bpfapps list`"))
}
