//! Long options from environment variables: `<BINARY>_<APP>_<OPTION>`, and `<BINARY>_<OPTION>` for
//! an option that every app has. The help lists none of them, since they follow this rule.

use std::{env, iter};

use bpfapps_core::Registration;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

/// The command of an app, with variables for its own options.
pub(crate) fn of_app(app: &Registration, binary: &str) -> Command {
    let prefix = format!("{}_{}", upper(binary), upper(app.name));
    with_env((app.command)(), &prefix)
}

/// With variables for the options that every app has.
pub(crate) fn session(command: Command, binary: &str) -> Command {
    with_env(command, &upper(binary))
}

fn with_env(command: Command, prefix: &str) -> Command {
    command.mut_args(|arg| match arg.get_long() {
        Some(long) if arg.get_env().is_none() => {
            let name = format!("{prefix}_{}", upper(long));
            match env::var_os(&name) {
                // an empty one is as good as none
                Some(value) if value.is_empty() => arg,
                _ => arg.env(name).hide_env(true),
            }
        }
        _ => arg,
    })
}

/// The variable of the environment that `err` is about, if it is about one.
pub(crate) fn variable(command: &Command, err: &clap::Error) -> Option<String> {
    let text = |kind| match err.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let value = text(ContextKind::InvalidValue)?;
    // `--duration <MS>`
    let arg = text(ContextKind::InvalidArg)?.strip_prefix("--")?;
    let long = arg.split(' ').next();
    let commands = iter::once(command).chain(command.get_subcommands());
    let args = commands.flat_map(Command::get_arguments);
    args.filter(|arg| arg.get_long() == long)
        .filter_map(Arg::get_env)
        .find(|name| env::var_os(name).is_some_and(|set| set == value))
        .map(|name| name.to_string_lossy().into_owned())
}

fn upper(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
