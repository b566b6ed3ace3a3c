//! The sources of options: the command line, the environment, a file, in this order.

pub(crate) mod config;
pub(crate) mod environment;
pub(crate) mod yaml;

use std::path::{Path, PathBuf};

use bpfapps_core::{Options, Registration};
use clap::builder::Resettable;
use clap::{Arg, Args as _, Command, value_parser};

use crate::registered::Apps;

/// The configuration that is read if none is named.
pub(crate) fn system_config(apps: &Apps) -> PathBuf {
    Path::new("/etc").join(apps.binary.name).join("config.yaml")
}

/// Adds the options that every app has. The description stays: clap would replace it by that of
/// [`Options`].
pub(crate) fn session(command: Command, apps: &Apps) -> Command {
    let about = command.get_about().cloned();
    let system = system_config(apps);
    let help = format!(
        "Read options from the YAML file FILE [default: {}, if it exists]",
        system.display()
    );
    Options::augment_args(command)
        .about(Resettable::from(about))
        .arg(
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
    session((app.command)(), apps)
}
