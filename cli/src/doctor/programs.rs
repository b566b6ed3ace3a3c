//! The kernel's verdict on the programs of an app, and their hooks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bpfapps_diagnose::Target;
use bpfapps_diagnose::object::{Program, Types};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::{Finding, Hooks, Layout};
use libbpf_rs::ProgramType;

use super::check::{Check, list};
use super::demands;
use super::look::{Look, find};
use super::subject::{Kind, Subject};
use super::trial::Trial;

const ASK_AGAIN: &str = "see the checks below, and all that the kernel says with -v";

pub(super) fn checks(
    subject: &Subject,
    trial: &Trial,
    types: Option<&Types<'_>>,
    hooks: &Hooks,
) -> Vec<Check> {
    let mut look = Look {
        subject,
        trial,
        types,
        findings: BTreeMap::new(),
    };
    let programs = subject.demands().flat_map(|demands| &demands.programs);
    let is_set_later = |it: &Program| it.autoload && it.is_open();
    let wanted = programs.filter(|it| look.is_loaded(it) || look.is_first(it) || is_set_later(it));
    look.findings = wanted
        .map(|program| {
            // if the kernel resolved the hook while loading, it exists; a function may be untraced
            let is_known = look.is_loaded(program) && program.is_typed();
            let finding = match find(program, hooks) {
                Finding::Absent(absent) if absent.code == Code::NOT_TRACEABLE => absent.into(),
                _ if is_known => Finding::There,
                found => found,
            };
            (program.name.as_str(), finding)
        })
        .collect();
    let mut checks = vec![look.programs()];
    checks.extend(look.without());
    checks.extend(look.unset());
    checks.push(look.hooks(hooks));
    checks.extend(look.records());
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
        if let Some(err) = self.failure() {
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
        if self.trial.failure.is_some() {
            return self.ok("programs", self.taken_apart());
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

    /// The programs of a file that the kernel takes, and those that it can do without.
    fn taken_apart(&self) -> String {
        let taken: Vec<_> = self.trial.loaded.iter().collect();
        let mut found = format!("the kernel takes {}", list(&taken));
        for program in self.all().filter(|it| self.is_refused(it)) {
            found += &match self.twin(program) {
                Some(twin) => format!("; not {}, whose twin {} works", program.name, twin.name),
                None => format!("; not {}", program.name),
            };
        }
        found
    }

    /// The sizes that are set by the program that loads the object.
    fn unset(&self) -> Option<Check> {
        let is_file = matches!(self.subject.kind, Kind::File);
        let unset = self.subject.demands().flat_map(|demands| &demands.unset);
        let unset: Vec<_> = unset.filter(|_| is_file).collect();
        (!unset.is_empty()).then(|| {
            let check = self.ok("sizes", list(&unset));
            check.warn(
                "its program sets that before loading; here it was tried with a small size",
                "if no program sets it, set it in the source, where the map is defined",
            )
        })
    }

    /// The programs that read beyond the record of their tracepoint: the kernel takes them, and
    /// refuses to attach them.
    fn records(&self) -> Option<Check> {
        let beyond = self.all().filter_map(|program| {
            let Some(Target::Tracepoint(name)) = program.target() else {
                return None;
            };
            let length = Layout::of(name).ok()?.length();
            let is_wanted = self.is_loaded(program) && self.is_first(program);
            (is_wanted && length > 0 && program.reach > length).then(|| {
                let (program, reach) = (&program.name, program.reach);
                format!("{program} reads {reach} bytes, but a record of {name} has {length}")
            })
        });
        let beyond: Vec<_> = beyond.collect();
        (!beyond.is_empty()).then(|| {
            self.ok("records", "some programs can not be attached").fail(
                self.concerned(),
                beyond.join("; "),
                "read only members that the tracepoint's format in tracefs lists: the context is \
                 of another type",
            )
        })
    }

    fn hooks(&self, hooks: &Hooks) -> Check {
        let mut there = BTreeSet::new();
        let (mut absent, mut unknown) = (Vec::new(), Vec::new());
        let (mut unprobed, mut no_probes) = (Vec::new(), None);
        let (mut spared, mut open) = (Vec::new(), BTreeSet::new());
        let mut untraced = Vec::new();
        let (mut needed, mut may_be_left_out, mut first) = (false, true, None);
        for program in self.all() {
            let Some(finding) = self.findings.get(program.name.as_str()) else {
                continue;
            };
            // a misspelt section is reported among the programs
            if program.kind == ProgramType::Unspec {
                continue;
            }
            let section = program.section.trim_start_matches('?');
            match (finding, self.twin(program)) {
                // whoever asks for that function finds it, and takes no other
                (Finding::Absent(found), _)
                    if found.code == Code::NOT_TRACEABLE && self.is_loaded(program) =>
                {
                    needed |= self.is_first(program);
                    may_be_left_out = false;
                    untraced.push(section);
                    first.get_or_insert(Cow::Borrowed(found));
                }
                (Finding::There, _) if program.is_open() => {
                    open.insert(section);
                }
                // that one is reported among the programs
                (Finding::There, Some(_)) if self.is_refused(program) => {}
                (Finding::There, _) => {
                    there.insert(section);
                }
                (Finding::Unknown(reason), _) => unknown.push(format!("{section}: {reason}")),
                (Finding::Absent(_), Some(twin)) => {
                    spared.push(format!("{section}, whose twin {} works", twin.section));
                }
                (Finding::Absent(found), None) => {
                    // without a trial it is unknown which programs the app would load
                    needed |= self.is_first(program) && self.trial.is_tried;
                    may_be_left_out &= self.may_be_left_out(program);
                    let mut found = Cow::Borrowed(found);
                    if found.code == Code::NO_PROBES {
                        no_probes.get_or_insert_with(|| found.message.clone());
                        unprobed.push(section);
                        // the function can be absent, too
                        let target = program.target().filter(|_| !program.is_open());
                        match target.and_then(|target| target.find(hooks)) {
                            Some(Finding::Absent(target)) => found = Cow::Owned(target),
                            _ => continue,
                        }
                    }
                    let near = match &found.near[..] {
                        [] => String::new(),
                        near => format!(" (near it: {})", near.join(", ")),
                    };
                    absent.push(format!("{section}{near}"));
                    first.get_or_insert_with(|| found.clone());
                }
            }
        }
        let mut found: Vec<_> = there.into_iter().map(str::to_owned).collect();
        if !open.is_empty() {
            let open: Vec<_> = open.into_iter().collect();
            found.push(format!("what its program sets for {}", list(&open)));
        }
        let is_bad = !absent.is_empty() || !unprobed.is_empty() || !untraced.is_empty();
        let mut found = match found.is_empty() && is_bad {
            true => "none of them".to_owned(),
            false => list(&found),
        };
        if !spared.is_empty() {
            found += &format!("; not {}", spared.join("; not "));
        }
        let check = self.ok("hooks", found);
        if is_bad {
            let concerned = if needed { self.concerned() } else { Vec::new() };
            let mut causes = Vec::new();
            if let Some(message) = no_probes {
                causes.push(format!("{message}, as needed by {}", list(&unprobed)));
            }
            let code = first.map(|found| found.code);
            let (whose, fix) = match code {
                Some(_) if may_be_left_out => (
                    "this kernel has no",
                    "its program has others for other kernels: it must leave these out here",
                ),
                Some(Code::NO_SYMBOL | Code::NO_BINARY) => (
                    "there is no",
                    "attach to a function that the file has: nm, or nm -D, shows them",
                ),
                Some(Code::NOT_TRACEABLE) if absent.is_empty() => (
                    "",
                    "see available_filter_functions in tracefs; attach to a caller or a callee \
                     instead",
                ),
                _ => (
                    "this kernel has no",
                    "attach to one that it has, or boot another kernel",
                ),
            };
            if !absent.is_empty() {
                causes.push(format!("{whose} {}", absent.join(", no ")));
            }
            if !untraced.is_empty() {
                let untraced = list(&untraced);
                causes.push(format!("this kernel has, but can not trace, {untraced}"));
            }
            let cause = causes.join("; ");
            let mut check = match may_be_left_out && unprobed.is_empty() {
                true => check.warn(cause, fix),
                false => check.fail(concerned, cause, fix),
            };
            check.reported = check.reported.explained(code, "");
            return check;
        }
        match unknown.is_empty() {
            true => check,
            false => check.warn(unknown.join("; "), "fix the cause first"),
        }
    }
}
