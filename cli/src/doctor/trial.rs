//! Loads the programs, by the app itself, without attaching them.

use std::collections::BTreeSet;
use std::slice;

use anyhow::Error;
use bpfapps_core::{Options, Registration, Rehearsal};
use bpfapps_diagnose::object::Program;
use bpfapps_diagnose::{Object, missing_function};
use clap::{ArgAction, Command};

use super::subject::{Kind, Subject};
use crate::objects::{Refused, try_load, try_programs, try_whole};

/// The result of loading the programs of an app or a file.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// True if it was tried at all.
    pub(super) is_tried: bool,
    /// The programs that the kernel accepted.
    pub(super) loaded: BTreeSet<String>,
    /// The programs that load without any option.
    pub(super) first: Vec<String>,
    /// Why it can't run.
    pub(super) failure: Option<Refused>,
    /// The parts that do not work, and why: an option, a program, an object.
    pub(super) without: Vec<(String, Error)>,
}

impl Trial {
    pub(super) fn not_tried() -> Self {
        Self::default()
    }
}

pub(super) fn of(subject: &Subject, options: &Options) -> Trial {
    let mut trial = match subject.kind {
        Kind::App(app) => rehearse(app, options),
        Kind::File => None,
    }
    .unwrap_or_else(|| load(subject));
    trial.is_tried = true;
    if trial.failure.is_some() {
        return trial;
    }
    for part in subject.parts.iter().filter(|part| !part.is_main) {
        let name = part.object.name.to_string();
        match try_load(&part.object) {
            Ok(()) => trial
                .loaded
                .extend(part.demands.programs.iter().map(|it| it.name.clone())),
            Err(err) => trial.without.push((name, err)),
        }
    }
    trial
}

/// Lets the app decide what it loads. `None` if it requires arguments.
fn rehearse(app: &Registration, options: &Options) -> Option<Trial> {
    let run = |args: &[String]| (app.rehearse)(args, options.clone());
    let mut trial = Trial::default();
    match run(&[]) {
        Rehearsal::NeedsArguments => return None,
        Rehearsal::Failed(err) => {
            trial.failure = Some(err.into());
            return Some(trial);
        }
        Rehearsal::Loaded(loads) => {
            trial.first.clone_from(&loads.programs);
            trial.loaded.extend(loads.programs);
        }
    }
    let switches = switches(app);
    if switches.is_empty() {
        return Some(trial);
    }
    match run(&switches.concat()) {
        Rehearsal::Loaded(loads) => trial.loaded.extend(loads.programs),
        _ => {
            for switch in &switches {
                match run(switch) {
                    Rehearsal::Loaded(loads) => trial.loaded.extend(loads.programs),
                    Rehearsal::Failed(err) => trial.without.push((switch.join(" "), err)),
                    Rehearsal::NeedsArguments => {}
                }
            }
        }
    }
    Some(trial)
}

/// The options of an app that need no value of the user's, as many as go together.
fn switches(app: &Registration) -> Vec<Vec<String>> {
    let command = (app.command)();
    let mut together: Vec<Vec<String>> = Vec::new();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        let name = format!("--{long}");
        let values = arg.get_possible_values();
        let switch = match (arg.get_action(), values.last()) {
            (ArgAction::SetTrue, _) => vec![name],
            (ArgAction::Set, Some(last)) => vec![name, last.get_name().to_owned()],
            _ => continue,
        };
        together.push(switch);
        if !is_understood((app.command)(), &together.concat()) {
            together.pop();
        }
    }
    together
}

fn is_understood(command: Command, args: &[String]) -> bool {
    command
        .no_binary_name(true)
        .try_get_matches_from(args)
        .is_ok()
}

/// Loads everything at once, or else what can be loaded of it.
fn load(subject: &Subject) -> Trial {
    let mut trial = Trial::default();
    let is_file = matches!(subject.kind, Kind::File);
    for part in subject.parts.iter().filter(|part| part.is_main) {
        let own = part.demands.programs.iter();
        let own: Vec<_> = own.filter(|it| it.autoload && !it.awaits_hook()).collect();
        let (left, mut refused) = absent(&own);
        let whole = match refused.is_empty() {
            true => try_whole(&part.object),
            // libbpf would load nothing of it
            false => {
                let (program, error) = refused.remove(0);
                Err(Refused {
                    program: Some(program),
                    error,
                })
            }
        };
        let Err(whole) = whole else {
            trial.first.extend_from_slice(&left);
            trial.loaded.extend(left);
            continue;
        };
        let loaded = apart(&part.object, left, whole.program.as_deref(), &mut refused);
        trial.loaded.extend(loaded);
        // an app may work with a part of its programs; for a file that is unknown
        if is_file || trial.loaded.is_empty() {
            trial.failure = Some(whole);
        } else {
            trial.first = trial.loaded.iter().cloned().collect();
            let first = whole.program.map(|program| (program, whole.error));
            trial.without.extend(first);
        }
        trial.without.append(&mut refused);
    }
    trial
}

/// The programs whose functions this kernel has, or that have none, and why the others do not load:
/// that is known without libbpf, which reads all types of the kernel for each load.
fn absent(own: &[&Program]) -> (Vec<String>, Vec<(String, Error)>) {
    let (mut left, mut refused) = (Vec::new(), Vec::new());
    for program in own {
        match missing_function(program) {
            Some(failure) => refused.push((program.name.clone(), failure.into())),
            None => left.push(program.name.clone()),
        }
    }
    (left, refused)
}

/// The programs of `left` that load; `refused` gets the others. `first` is known not to, if the
/// kernel came to a program at all.
///
/// What is left is loaded together, without the program that the kernel refused. Only what fails for
/// another reason is loaded one by one.
fn apart(
    object: &Object<'_>,
    mut left: Vec<String>,
    first: Option<&str>,
    refused: &mut Vec<(String, Error)>,
) -> Vec<String> {
    left.retain(|name| Some(&**name) != first);
    while first.is_some() && !left.is_empty() {
        let Err(err) = try_programs(object, &left) else {
            return left;
        };
        let program = err.program.as_ref();
        let Some(at) = program.and_then(|it| left.iter().position(|name| name == it)) else {
            break;
        };
        refused.push((left.remove(at), err.error));
    }
    left.retain(|name| match try_programs(object, slice::from_ref(name)) {
        Ok(()) => true,
        Err(err) => {
            refused.push((name.clone(), err.error));
            false
        }
    });
    left
}
