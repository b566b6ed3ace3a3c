//! `cargo xtask completions`: for `cargo xtask` itself, with the apps and kinds that are there now.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use bpfapps_explain::Code;
use bpfapps_task::workspace::Workspace;
use bpfapps_templates::Kind;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Command, ValueEnum};
use clap_complete::Shell as Of;

use crate::out;

/// cargo's own completions stay: these take over behind `cargo xtask`.
const BASH: &str = include_str!("completions/cargo.bash");
const ZSH: &str = include_str!("completions/cargo.zsh");

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The shell that reads them
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Values of an argument: its task, its id, and whether it is positional.
struct Values {
    task: &'static str,
    arg: &'static str,
    is_positional: bool,
    values: Vec<PossibleValue>,
}

/// `command` is the command line of `cargo xtask`.
pub(crate) fn run(options: &Options, command: Command) -> Result<ExitCode> {
    let values = values()?;
    let command = values
        .iter()
        .fold(command.name("cargo-xtask"), |command, of| {
            command.mut_subcommand(of.task, |task| {
                // unlike mut_arg, this leaves positional arguments in their order
                task.mut_args(|arg| match arg.get_id() == of.arg {
                    true => arg
                        .value_parser(PossibleValuesParser::new(of.values.clone()))
                        // the app takes what follows it
                        .trailing_var_arg(false)
                        .num_args(1),
                    false => arg,
                })
            })
        });
    let mut text = Vec::new();
    let mut generate = |shell, mut command: Command, name: &str| {
        clap_complete::generate(shell, &mut command, name, &mut text);
    };
    match options.shell {
        Shell::Bash => generate(Of::Bash, command.name("xtask"), "xtask"),
        Shell::Zsh => generate(Of::Zsh, command, "cargo-xtask"),
        Shell::Fish => {
            let xtask = command.name("xtask").bin_name("xtask");
            generate(Of::Fish, Command::new("cargo").subcommand(xtask), "cargo");
        }
    }
    let mut text = String::from_utf8(text)?;
    match options.shell {
        Shell::Bash => text += BASH,
        Shell::Zsh => text += ZSH,
        Shell::Fish => values
            .iter()
            .filter(|of| of.is_positional)
            .for_each(|of| fish(of, &mut text)),
    }
    out::result(text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

fn values() -> Result<Vec<Values>> {
    let apps = Workspace::here()?.apps()?;
    let apps: Vec<_> = apps
        .into_iter()
        .map(|app| PossibleValue::new(app.to_owned()))
        .collect();
    let kinds = Kind::all()?.into_iter();
    let kinds = kinds.map(|kind| PossibleValue::new(kind.name).help(kind.manifest.traces));
    let code = |code: &Code| PossibleValue::new(code.to_string()).help(code.title());
    let app = |task, arg| Values {
        task,
        arg,
        is_positional: true,
        values: apps.clone(),
    };
    Ok(vec![
        app("run", "args"),
        app("dev", "args"),
        app("show", "app"),
        app("remove", "name"),
        Values {
            is_positional: false,
            ..app("dist", "apps")
        },
        Values {
            task: "new",
            arg: "template",
            is_positional: false,
            values: kinds.collect(),
        },
        Values {
            task: "explain",
            arg: "code",
            is_positional: true,
            values: Code::ALL.iter().map(code).collect(),
        },
    ])
}

/// Positional arguments, which clap leaves out for fish.
fn fish(of: &Values, text: &mut String) {
    let using = format!(
        "__fish_cargo_using_subcommand xtask; and __fish_seen_subcommand_from {}",
        of.task
    );
    for value in &of.values {
        let help = value.get_help().map(ToString::to_string);
        let help = help
            .unwrap_or_default()
            .replace('\\', "\\\\")
            .replace('\'', "\\'");
        let name = value.get_name();
        let _ = writeln!(
            text,
            "complete -c cargo -n '{using}' -f -a {name} -d '{help}'"
        );
    }
}
