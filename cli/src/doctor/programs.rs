//! The kernel's verdict on the programs of an app, and their hooks.

use std::collections::BTreeSet;

use bpfapps_diagnose::Target;
use bpfapps_diagnose::object::{Program, Types};
use bpfapps_explain::Failure;
use bpfapps_host::hooks::{Finding, Hooks, no_kprobes, no_uprobes};

use super::check::{Check, list};
use super::demands;
use super::look::Look;
use super::subject::Subject;
use super::trial::Trial;

const ASK_AGAIN: &str = "see the checks below, and all that the kernel says with -v";

pub(super) fn checks(
    subject: &Subject,
    trial: &Trial,
    types: Option<&Types<'_>>,
    hooks: &Hooks,
) -> Vec<Check> {
    let look = Look {
        subject,
        trial,
        types,
    };
    let mut checks = vec![look.programs()];
    checks.extend(look.without());
    checks.push(look.hooks(hooks));
    checks.extend(demands::checks(&look));
    checks
}

impl Look<'_> {
    /// The programs that were taken of objects that it loads besides its own.
    fn also(&self) -> Vec<&str> {
        let parts = self.subject.parts.iter().filter(|part| !part.is_main);
        let programs = parts.flat_map(|part| &part.demands.programs);
        let taken = programs.filter(|program| self.is_loaded(program));
        taken.map(|program| program.name.as_str()).collect()
    }

    fn programs(&self) -> Check {
        let total = self.all().count();
        if !self.trial.is_tried {
            let check = self.ok("programs", format!("not tried: {total}"));
            let cause = "it lacks the rights to load any, see above";
            return check.warn(cause, "fix that first");
        }
        if let Some(err) = &self.trial.failure {
            let found = match self.trial.loaded.len() {
                0 => "the kernel refuses them".to_owned(),
                _ => {
                    let alone: Vec<_> = self.trial.loaded.iter().collect();
                    format!(
                        "the kernel refuses all {total} together; one by one it accepts {}",
                        list(&alone)
                    )
                }
            };
            let hint = Failure::of(err)
                .and_then(Failure::hint)
                .unwrap_or(ASK_AGAIN);
            let check = self.ok("programs", found);
            let check = check.fail(self.concerned(), format!("{err:#}"), hint);
            return check.by(err);
        }
        let also = self.also();
        let more = self
            .trial
            .loaded
            .len()
            .saturating_sub(self.trial.first.len() + also.len());
        let mut found = format!("the kernel takes {}", list(&self.trial.first));
        if more > 0 {
            found += &format!(", and {more} more with options");
        }
        if !also.is_empty() {
            found += &format!(", and besides {}", list(&also));
        }
        self.ok("programs", found)
    }

    /// The parts of it that do not work.
    fn without(&self) -> Vec<Check> {
        // where all of it fails, that has been said
        let is_told = self.trial.failure.is_some();
        let without = self.trial.without.iter().filter(|_| !is_told);
        let checks = without.map(|(what, err)| {
            let hint = Failure::of(err)
                .and_then(Failure::hint)
                .unwrap_or("it runs without");
            let check = self.ok("options", format!("not to be had: {what}"));
            check.warn(format!("{err:#}"), hint).by(err)
        });
        checks.collect()
    }

    fn hooks(&self, hooks: &Hooks) -> Check {
        let mut there = BTreeSet::new();
        let (mut absent, mut unknown) = (Vec::new(), Vec::new());
        let mut needed = false;
        for program in self.all() {
            let is_wanted = self.is_loaded(program) || self.is_first(program);
            if !is_wanted {
                continue;
            }
            // if the kernel resolved the hook while loading, it exists
            let finding = match self.is_loaded(program) && program.is_typed() {
                true => Finding::There,
                false => find(program, hooks),
            };
            match finding {
                Finding::There => {
                    there.insert(program.section.trim_start_matches('?'));
                }
                Finding::Unknown(reason) => unknown.push(format!("{}: {reason}", program.section)),
                Finding::Absent(found) => {
                    // without a trial it is unknown which programs the app would load
                    needed |= self.is_first(program) && self.trial.is_tried;
                    let near = match &found.near[..] {
                        [] => String::new(),
                        near => format!(" (near it: {})", near.join(", ")),
                    };
                    absent.push(format!("{}{near}", program.section));
                }
            }
        }
        let found: Vec<_> = there.into_iter().collect();
        let check = self.ok("hooks", list(&found));
        if !absent.is_empty() {
            let concerned = if needed { self.concerned() } else { Vec::new() };
            let cause = format!("this kernel has no {}", absent.join(", no "));
            return check.fail(
                concerned,
                cause,
                "attach to one that it has, or boot another kernel",
            );
        }
        match unknown.is_empty() {
            true => check,
            false => check.warn(unknown.join("; "), "fix the cause first"),
        }
    }
}

/// Searches for the hook of a program by its section; attaching may use another one.
fn find(program: &Program, hooks: &Hooks) -> Finding {
    let kind = program.section.trim_start_matches('?');
    let kind = kind.split(['/', '.']).next().unwrap_or(kind);
    let absent = match kind {
        "kprobe" | "kretprobe" | "ksyscall" | "kretsyscall" => no_kprobes(),
        "uprobe" | "uretprobe" | "usdt" => no_uprobes(),
        _ => None,
    };
    match (absent, program.target()) {
        (Some(absent), _) => absent.into(),
        (
            None,
            Some(Target::Functions(_) | Target::Symbol { .. } | Target::Probe { .. }) | None,
        ) => Finding::There,
        (None, Some(target)) => target.find(hooks).unwrap_or(Finding::There),
    }
}
