//! `completions`: what clap makes of the command line, with the names that only a binary knows.

use std::fmt::Write as _;

use bpfapps_core::{Code, Registration};
use clap::Command;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::Shell;

use crate::registered::Apps;

/// The script for a shell. `command` is the command line of the binary.
pub(crate) fn script(shell: Shell, apps: &Apps, command: Command) -> Vec<u8> {
    let mut text = Vec::new();
    let binary = apps.binary.name;
    let values = values(apps);
    let mut command = values.iter().fold(command, |command, (task, arg, values)| {
        command.mut_subcommand(task, |task| {
            task.mut_arg(arg, |arg| {
                arg.value_parser(PossibleValuesParser::new(values.clone()))
            })
        })
    });
    // in its bash script, clap finds no subcommands of a program with a minus sign in its name
    let plain = binary.replace('-', "_");
    let name = if shell == Shell::Bash { &plain } else { binary };
    clap_complete::generate(shell, &mut command, name, &mut text);
    if shell == Shell::Bash && plain != binary {
        let line = format!("complete -F _{plain} -o bashdefault -o default {binary}\n");
        text.extend(line.bytes());
    }
    if shell == Shell::Fish {
        for (task, _, values) in values {
            text.extend(fish(binary, task, &values).bytes());
        }
    }
    text
}

/// The values of positional arguments, each with its subcommand and its id.
fn values(apps: &Apps) -> [(&'static str, &'static str, Vec<PossibleValue>); 4] {
    let app = |app: &Registration| PossibleValue::new(app.name).help(app.about());
    let code = |code: &Code| PossibleValue::new(code.to_string()).help(code.title());
    let names: Vec<_> = apps.iter().map(app).collect();
    let prints = apps.iter().filter(|app| !app.documents.is_empty());
    [
        ("doctor", "apps", names.clone()),
        ("schema", "app", prints.map(app).collect()),
        ("man", "app", names),
        ("explain", "code", Code::ALL.iter().map(code).collect()),
    ]
}

/// Positional arguments, which clap leaves out for fish.
fn fish(binary: &str, task: &str, values: &[PossibleValue]) -> String {
    let mut lines = String::new();
    let using = format!(
        "__fish_{}_using_subcommand {task}",
        binary.replace('-', "_")
    );
    for value in values {
        let help = value.get_help().map(ToString::to_string);
        let help = help
            .unwrap_or_default()
            .replace('\\', "\\\\")
            .replace('\'', "\\'");
        let name = value.get_name();
        let _ = writeln!(
            lines,
            "complete -c {binary} -n '{using}' -f -a {name} -d '{help}'"
        );
    }
    lines
}
