//! What the kernel says to the programs of an app, and whether it has what they ask for.

use std::collections::BTreeSet;

use bpfapps_core::Failure;
use bpfapps_core::object::{Extern, Finding, Hook, Program, Types};
use libbpf_rs::{MapType, ProgramType};

use super::check::{Check, list};
use super::subject::Subject;
use super::trial::Trial;

const OTHER_KERNEL: &str = "boot a kernel that has it: a newer one, or one that is built with more";
const ASK_AGAIN: &str = "see the checks below, and all that the kernel says with -v";

pub(super) fn checks(subject: &Subject, trial: &Trial, types: Option<&Types<'_>>) -> Vec<Check> {
    let look = Look {
        subject,
        trial,
        types,
    };
    let mut checks = vec![look.programs()];
    checks.extend(look.without());
    checks.push(look.hooks());
    if trial.is_tried {
        checks.extend([look.program_types(), look.map_types(), look.helpers()]);
    }
    checks.extend(look.kfuncs());
    checks.extend(look.core());
    checks
}

struct Look<'a> {
    subject: &'a Subject,
    trial: &'a Trial,
    types: Option<&'a Types<'a>>,
}

/// What is missing, and who misses it.
#[derive(Default)]
struct Missing {
    /// It keeps the app from running.
    needed: BTreeSet<String>,
    /// A program that the kernel took does without it, or it is one that nobody may ever load.
    spared: BTreeSet<String>,
}

impl Look<'_> {
    fn about(&self) -> &str {
        &self.subject.name
    }

    fn ok(&self, check: &'static str, found: impl Into<String>) -> Check {
        Check::ok(self.about(), check, found)
    }

    fn concerned(&self) -> Vec<String> {
        vec![self.subject.name.clone()]
    }

    fn all(&self) -> impl Iterator<Item = &Program> {
        self.subject.demands().flat_map(|demands| &demands.programs)
    }

    fn is_loaded(&self, program: &Program) -> bool {
        self.trial.loaded.contains(&program.name)
    }

    /// Whether the app can't run without it.
    fn is_first(&self, program: &Program) -> bool {
        match self.trial.first.is_empty() {
            // nothing is known of it, but that libbpf would load them all
            true => self.subject.programs().any(|it| it.name == program.name),
            false => self.trial.first.contains(&program.name),
        }
    }

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
            return check.warn(cause, "mend that first");
        }
        if let Some(err) = &self.trial.failure {
            let found = match self.trial.loaded.len() {
                0 => "the kernel does not take them".to_owned(),
                _ => {
                    let alone: Vec<_> = self.trial.loaded.iter().collect();
                    format!(
                        "the kernel does not take all {total}; one by one {}",
                        list(&alone)
                    )
                }
            };
            let hint = Failure::of(err).map_or(ASK_AGAIN, Failure::hint);
            let check = self.ok("programs", found);
            return check.fail(self.concerned(), format!("{err:#}"), hint);
        }
        let also = self.also();
        let more = self.trial.loaded.len() - self.trial.first.len() - also.len();
        let mut found = format!("the kernel takes {}", list(&self.trial.first));
        if more > 0 {
            found += &format!(", and {more} more with options");
        }
        if !also.is_empty() {
            found += &format!(", and besides {}", list(&also));
        }
        self.ok("programs", found)
    }

    /// What of it can't be had.
    fn without(&self) -> Vec<Check> {
        // where all of it fails, that has been said
        let is_told = self.trial.failure.is_some();
        let without = self.trial.without.iter().filter(|_| !is_told);
        let checks = without.map(|(what, err)| {
            let hint = Failure::of(err).map_or("it runs without", Failure::hint);
            let check = self.ok("options", format!("not to be had: {what}"));
            check.warn(format!("{err:#}"), hint)
        });
        checks.collect()
    }

    fn hooks(&self) -> Check {
        let mut there = BTreeSet::new();
        let (mut absent, mut unknown) = (Vec::new(), Vec::new());
        let mut needed = false;
        for program in self.all() {
            let is_wanted = self.is_loaded(program) || self.is_first(program);
            if !is_wanted {
                continue;
            }
            // what the kernel has looked up itself is there
            let finding = match self.is_loaded(program) && program.hook.is_typed() {
                true => Finding::There,
                false => program.hook.find(self.types),
            };
            match finding {
                Finding::There => {
                    there.insert(program.section.trim_start_matches('?'));
                }
                Finding::Unknown(reason) => unknown.push(format!("{}: {reason}", program.section)),
                Finding::Absent(near) => {
                    needed |= self.is_first(program);
                    let near = match &near[..] {
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
            false => check.warn(
                unknown.join("; "),
                "mend what keeps them from being looked up",
            ),
        }
    }

    fn program_types(&self) -> Check {
        let loaded: Vec<_> = self.all().filter(|it| self.is_loaded(it)).collect();
        let is_there = |program: &Program| {
            // libbpf asks for fentry, which some kernels refuse, and means all of that type
            let can_ask = program.kind != ProgramType::Tracing
                || matches!(program.hook, Hook::TypedFunction(_));
            loaded.iter().any(|it| it.kind == program.kind)
                || !can_ask
                || self.types.is_none()
                || program.kind.is_supported().unwrap_or(true)
        };
        let all = self
            .all()
            .map(|program| (program, snake(program.kind), is_there(program)));
        self.verdict("program types", "programs of the type ", all.collect())
    }

    fn map_types(&self) -> Check {
        let maps = self.subject.demands().flat_map(|demands| &demands.maps);
        let kinds: BTreeSet<_> = maps.map(|(_, kind)| *kind as u32).collect();
        let kinds: Vec<_> = kinds.into_iter().map(MapType::from).collect();
        let (there, absent): (Vec<_>, Vec<_>) = kinds
            .into_iter()
            .partition(|kind| kind.is_supported().unwrap_or(true));
        let named =
            |kinds: &[MapType]| list(&kinds.iter().map(|kind| snake(*kind)).collect::<Vec<_>>());
        let check = self.ok("maps", named(&there));
        match (absent.is_empty(), &self.trial.failure) {
            (true, _) => check,
            (false, None) => self.ok(
                "maps",
                format!("{}; it does without {}", named(&there), named(&absent)),
            ),
            (false, Some(_)) => {
                let cause = format!("this kernel has no maps of the type {}", named(&absent));
                check.fail(self.concerned(), cause, OTHER_KERNEL)
            }
        }
    }

    fn helpers(&self) -> Check {
        let mut asked: Vec<(&Program, String, bool)> = Vec::new();
        let mut known: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut absent: BTreeSet<(u32, u32)> = BTreeSet::new();
        for program in self.all() {
            for helper in &program.helpers {
                let key = (program.kind as u32, helper.0);
                if known.insert(key) && helper.is_supported(program.kind) == Some(false) {
                    absent.insert(key);
                }
                asked.push((program, helper.name(), !absent.contains(&key)));
            }
        }
        self.verdict("helpers", "", asked)
    }

    /// Sums up what each program asks for, and whether that is there.
    fn verdict(
        &self,
        name: &'static str,
        what_of: &str,
        asked: Vec<(&Program, String, bool)>,
    ) -> Check {
        let mut missing = Missing::default();
        let mut there = BTreeSet::new();
        for (program, what, is_there) in asked {
            match is_there {
                true => there.insert(what),
                false if self.is_first(program) && !self.is_loaded(program) => {
                    missing.needed.insert(what)
                }
                false => missing.spared.insert(what),
            };
        }
        let mut found = match there.len() {
            0..=6 => list(&there.iter().collect::<Vec<_>>()),
            many => format!("all {many} are there"),
        };
        if !missing.spared.is_empty() {
            let spared: Vec<_> = missing.spared.iter().collect();
            found = found.replace("all ", "") + &format!("; it does without {}", list(&spared));
        }
        let check = self.ok(name, found);
        match missing.needed.is_empty() {
            true => check,
            false => {
                let needed: Vec<_> = missing.needed.iter().collect();
                let cause = format!("this kernel has no {what_of}{}", list(&needed));
                check.fail(self.concerned(), cause, OTHER_KERNEL)
            }
        }
    }

    fn kfuncs(&self) -> Option<Check> {
        let externs = || self.subject.demands().flat_map(|demands| &demands.externs);
        let types = self.types.filter(|_| externs().next().is_some())?;
        // those of modules, and variables, are known only to who loads it
        let is_there = |it: &&Extern| types.has(&it.name) || !self.trial.loaded.is_empty();
        let (there, absent): (Vec<_>, Vec<_>) =
            externs().filter(|it| it.is_function).partition(is_there);
        let names = |all: &[&Extern]| list(&all.iter().map(|it| &it.name).collect::<Vec<_>>());
        let check = self.ok("kfuncs", names(&there));
        if absent.is_empty() {
            return Some(check);
        }
        let needed = absent.iter().any(|it| !it.is_weak);
        let concerned = if needed { self.concerned() } else { Vec::new() };
        let cause = format!("this kernel has no kfunc {}", names(&absent));
        Some(check.fail(concerned, cause, OTHER_KERNEL))
    }

    fn core(&self) -> Option<Check> {
        let types = self.types?;
        let wanted = self.all().flat_map(|program| {
            let each = program.types.iter();
            each.map(move |wanted| (program, wanted.to_string(), types.have(wanted)))
        });
        let wanted: Vec<_> = wanted.collect();
        (!wanted.is_empty()).then(|| self.verdict("kernel types", "", wanted))
    }
}

/// `RawTracepoint` as `raw_tracepoint`, which is how bpftool has it.
fn snake(kind: impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_that_others_give_them() {
        assert_eq!(snake(ProgramType::RawTracepoint), "raw_tracepoint");
        assert_eq!(snake(MapType::LruHash), "lru_hash");
    }
}
