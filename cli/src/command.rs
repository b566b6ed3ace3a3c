use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bpfapps_core::output::Format;
use bpfapps_core::{Code, Options, Registration};
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches as _, Subcommand, value_parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::doctor::Doctor;
use crate::registered::Apps;
use crate::{config, environment, list, print, schema};

/// What this run was called as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Called {
    /// by its own name: the app is a subcommand
    Binary,
    /// through a link named after an app: it is that app
    App(&'static Registration),
}

impl Called {
    pub(crate) fn by(program: Option<&OsString>, apps: &Apps) -> Self {
        let name = program.and_then(|program| Path::new(program).file_name());
        let app = name.and_then(|name| apps.get(name.to_str()?));
        app.map_or(Self::Binary, Self::App)
    }

    /// The command line that goes with it.
    pub(crate) fn command(self, apps: &Apps) -> Command {
        match self {
            Self::Binary => whole(apps),
            Self::App(app) => {
                let command = environment::of_app(app, apps.binary.name);
                environment::session(options(command, apps), apps.binary.name)
            }
        }
        .version(apps.binary.version)
    }

    /// The app that is meant, and what was found for it.
    pub(crate) fn app<'a>(
        self,
        matches: &'a ArgMatches,
        apps: &Apps,
    ) -> Option<(&'static Registration, &'a ArgMatches)> {
        match self {
            Self::App(app) => Some((app, matches)),
            Self::Binary => {
                let (name, matches) = matches.subcommand()?;
                Some((apps.get(name)?, matches))
            }
        }
    }

    /// Where the arguments of the app begin, in a command line that clap has accepted.
    pub(crate) fn app_args(self, args: &[OsString], apps: &Apps) -> usize {
        if let Self::App(_) = self {
            return 1;
        }
        // To this command an app's name is unknown, and all behind it belongs to that.
        let outline = options(Command::new(apps.binary.name), apps)
            .allow_external_subcommands(true)
            .try_get_matches_from(args);
        let behind = outline.ok().and_then(|matches| {
            let (_, app) = matches.subcommand()?;
            Some(app.get_many::<OsString>("")?.len())
        });
        args.len() - behind.unwrap_or(0)
    }
}

fn whole(apps: &Apps) -> Command {
    let name = apps.binary.name;
    let command = Command::new(name)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(apps.iter().map(|app| environment::of_app(app, name)));
    // last, since each of these would set its own
    let command = Builtin::augment_subcommands(options(command, apps)).about(apps.binary.about);
    environment::session(command, name)
}

/// The options that every app has.
fn options(command: Command, apps: &Apps) -> Command {
    let system = config::system(apps);
    let help = format!(
        "Read options from the YAML of FILE [default: {}, where it exists]",
        system.display()
    );
    Options::augment_args(command).arg(
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .global(true)
            .display_order(102)
            .help(help),
    )
}

/// An app with all the options that it understands, and nothing else to take them from.
pub(crate) fn plain(app: &Registration, apps: &Apps) -> Command {
    options((app.command)(), apps)
}

/// What the binary prints about itself and its apps: these subcommands stand beside them.
#[derive(Debug, Subcommand)]
pub(crate) enum Builtin {
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
    /// Print the man page of this program, or of one app
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

impl Builtin {
    pub(crate) fn run(matches: &ArgMatches, apps: &Apps) -> Result<()> {
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
                clap_complete::generate(shell, &mut whole(apps), apps.binary.name, &mut text);
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
            Self::Man { app: None } => Man::new(whole(apps)).render(&mut text)?,
            Self::Man { app: Some(name) } => {
                let command = Called::App(apps.find(&name)?).command(apps);
                Man::new(command.name(format!("{}-{name}", apps.binary.name))).render(&mut text)?;
            }
        }
        print::print(&text)?;
        failure.map_or(Ok(()), Err)
    }
}
