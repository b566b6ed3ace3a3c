//! Checks that the kernel supports what an app's programs require.

use std::collections::BTreeSet;

use bpfapps_core::output::values::snake;
use bpfapps_diagnose::Target;
use bpfapps_diagnose::object::{Extern, Program};
use bpfapps_explain::Code;
use bpfapps_host::hooks::btf;
use libbpf_rs::{MapType, ProgramType};

use super::check::{Check, list};
use super::look::Look;
use super::subject::Kind;

const OTHER_KERNEL: &str = "boot a kernel that has it: a newer one, or one that is built with more";

pub(super) fn checks(look: &Look<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    if look.trial.is_tried {
        checks.extend([look.program_types(), look.map_types(), look.helpers()]);
    }
    checks.extend(look.kfuncs());
    checks.extend(look.core());
    checks
}

/// Whether a requirement is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    There,
    /// The kernel took the program all the same, or was not asked to.
    Spared,
    /// The kernel did not take the program for another reason.
    Untried,
    /// The kernel did not take the program.
    Missing,
}

impl Look<'_> {
    fn program_types(&self) -> Check {
        let loaded: Vec<_> = self.all().filter(|it| self.is_loaded(it)).collect();
        let is_there = |program: &Program| {
            // libbpf asks for fentry, which some kernels refuse, and means all of that type
            let can_ask = program.kind != ProgramType::Tracing
                || matches!(program.target(), Some(Target::Trampoline(_)));
            loaded.iter().any(|it| it.kind == program.kind)
                || !can_ask
                || self.types.is_none()
                || program.kind.is_supported().unwrap_or(true)
        };
        // a misspelt section has no type
        let typed = self.all().filter(|it| it.kind != ProgramType::Unspec);
        let all = typed.map(|program| {
            let state = self.state(program, is_there(program), &[]);
            (snake(program.kind), state)
        });
        let all: Vec<_> = all.collect();
        self.verdict("program types", "programs of the type ", &all)
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
                // an app may have known that
                let concerned = match self.subject.kind {
                    Kind::App(_) => Vec::new(),
                    Kind::File => self.concerned(),
                };
                check.fail(concerned, cause, OTHER_KERNEL)
            }
        }
    }

    fn helpers(&self) -> Check {
        let mut asked = Vec::new();
        let mut known: BTreeSet<(u32, u32)> = BTreeSet::new();
        let mut absent: BTreeSet<(u32, u32)> = BTreeSet::new();
        for program in self.all() {
            for helper in &program.helpers {
                let key = (program.kind as u32, helper.0);
                if known.insert(key) && helper.is_supported(program.kind) == Some(false) {
                    absent.insert(key);
                }
                let state = self.state(program, !absent.contains(&key), &[Code::HELPER]);
                asked.push((helper.name(), state));
            }
        }
        let check = self.verdict("helpers", "", &asked);
        // the kernel may have it for other programs
        let others = asked.iter().filter(|(_, state)| *state == State::Missing);
        let others: BTreeSet<_> = others.map(|(name, _)| name).collect();
        let exists = |name: &&String| {
            let name = name.strip_prefix("bpf_").unwrap_or(name);
            btf::kernel_has(&format!("BPF_FUNC_{name}")) == Some(true)
        };
        match !others.is_empty() && others.iter().all(exists) {
            false => check,
            true => {
                let others = list(&others.into_iter().collect::<Vec<_>>());
                let found = check.reported.found.clone();
                self.ok("helpers", found).fail(
                    self.concerned(),
                    format!("this kernel has {others}, but not for programs of this type"),
                    "use another helper, or another type of program: man bpf-helpers",
                )
            }
        }
    }

    /// `codes`: the failures that a missing requirement causes.
    fn state(&self, program: &Program, is_there: bool, codes: &[Code]) -> State {
        match is_there {
            true => State::There,
            false if !self.is_refused(program) || self.twin(program).is_some() => State::Spared,
            false if self.is_refused_otherwise(program, codes) => State::Untried,
            false => State::Missing,
        }
    }

    /// Summarizes the requirements of the programs.
    fn verdict(&self, name: &'static str, of: &str, asked: &[(String, State)]) -> Check {
        let those = |state: State| {
            let those = asked.iter().filter(|(_, it)| *it == state);
            those.map(|(what, _)| what).collect::<BTreeSet<_>>()
        };
        let named = |names: BTreeSet<&String>| list(&names.into_iter().collect::<Vec<_>>());
        let (mut there, mut spared, missing) = (
            those(State::There),
            those(State::Spared),
            those(State::Missing),
        );
        // one type of program may have it, another not
        there.retain(|it| !missing.contains(it));
        spared.retain(|it| !there.contains(it) && !missing.contains(it));
        let is_all = spared.is_empty() && missing.is_empty();
        let mut found = match (there.len(), is_all) {
            (0..=6, _) => named(there),
            (many, true) => format!("all {many} are there"),
            (many, false) => format!("{many} are there"),
        };
        if !spared.is_empty() {
            found += &format!("; it does without {}", named(spared));
        }
        let check = self.ok(name, found);
        if missing.is_empty() {
            return check;
        }
        let cause = format!("this kernel has no {of}{}", named(missing));
        check.fail(self.concerned(), cause, OTHER_KERNEL)
    }

    fn kfuncs(&self) -> Option<Check> {
        let externs = || self.subject.demands().flat_map(|demands| &demands.externs);
        let types = self.types.filter(|_| externs().next().is_some())?;
        // only loading resolves variables and symbols of modules
        let is_there =
            |it: &&Extern| types.has(&it.name) || (!it.is_weak && !self.trial.loaded.is_empty());
        let (there, absent): (Vec<_>, Vec<_>) =
            externs().filter(|it| it.is_function).partition(is_there);
        let names = |all: &[&Extern]| list(&all.iter().map(|it| &it.name).collect::<Vec<_>>());
        let check = self.ok("kfuncs", names(&there));
        if absent.is_empty() {
            return Some(check);
        }
        if absent.iter().all(|it| it.is_weak) {
            let (there, absent) = (names(&there), names(&absent));
            let found = format!("{there}; it does without {absent}, unless a module has it");
            return Some(self.ok("kfuncs", found));
        }
        let cause = format!("this kernel has no kfunc {}", names(&absent));
        Some(check.fail(self.concerned(), cause, OTHER_KERNEL))
    }

    fn core(&self) -> Option<Check> {
        let types = self.types?;
        let wanted = self.all().flat_map(|program| {
            program.types.iter().map(move |wanted| {
                // a program that checks for it works without it
                let asks = || program.types.iter().any(|it| it.asks_for(wanted));
                let state = match self.state(program, types.have(wanted), &[Code::CORE_FIELD]) {
                    State::Missing if asks() => State::Spared,
                    state => state,
                };
                (wanted.to_string(), state)
            })
        });
        let wanted: Vec<_> = wanted.collect();
        (!wanted.is_empty()).then(|| self.verdict("kernel types", "", &wanted))
    }
}
