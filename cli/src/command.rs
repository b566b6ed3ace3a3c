use std::ffi::OsString;
use std::path::Path;

use bpfapps_core::Registration;
use clap::{ArgMatches, Command, Subcommand as _};

use crate::builtin::Builtin;
use crate::options::{environment, session};
use crate::registered::Apps;

/// The name by which the program was called.
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
        // a repository may be called like its app
        let name = name.filter(|name| *name != apps.binary.name);
        let app = name.and_then(|name| apps.get(name.to_str()?));
        app.map_or(Self::Binary, Self::App)
    }

    /// The command line that goes with it.
    pub(crate) fn command(self, apps: &Apps) -> Command {
        match self {
            Self::Binary => whole(apps),
            Self::App(app) => {
                let command = environment::of_app(app, apps.binary.name);
                environment::session(session(command, apps), apps.binary.name)
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

    /// The index of the app's first argument in a command line that clap has accepted.
    pub(crate) fn app_args(self, args: &[OsString], apps: &Apps) -> usize {
        if let Self::App(_) = self {
            return 1;
        }
        // This command does not know the apps' names, so it treats all later arguments as the
        // app's.
        let outline = session(Command::new(apps.binary.name), apps)
            .allow_external_subcommands(true)
            .try_get_matches_from(args);
        let behind = outline.ok().and_then(|matches| {
            let (_, app) = matches.subcommand()?;
            Some(app.get_many::<OsString>("")?.len())
        });
        args.len() - behind.unwrap_or(0)
    }
}

/// The command line of the binary by its own name.
pub(crate) fn whole(apps: &Apps) -> Command {
    let name = apps.binary.name;
    let command = Command::new(name)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(apps.iter().map(|app| environment::of_app(app, name)));
    // last, since each of these would set its own
    let command = Builtin::augment_subcommands(session(command, apps)).about(apps.binary.about);
    environment::session(command, name)
}
