use std::collections::BTreeMap;

use anyhow::Error;
use bpfapps_diagnose::Target;
use bpfapps_diagnose::object::{Program, Types};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::{Finding, Hooks, no_kprobes, no_uprobes};

use super::check::Check;
use super::subject::{Kind, Subject};
use super::trial::Trial;

/// An app or a file, and what came of loading it.
pub(super) struct Look<'a> {
    pub(super) subject: &'a Subject,
    pub(super) trial: &'a Trial,
    pub(super) types: Option<&'a Types<'a>>,
    /// The hook of each program that is wanted, by its name.
    pub(super) findings: BTreeMap<&'a str, Finding>,
}

impl Look<'_> {
    fn about(&self) -> &str {
        &self.subject.name
    }

    pub(super) fn ok(&self, check: &'static str, found: impl Into<String>) -> Check {
        Check::ok(self.about(), check, found)
    }

    pub(super) fn concerned(&self) -> Vec<String> {
        vec![self.subject.name.clone()]
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Program> {
        self.subject.demands().flat_map(|demands| &demands.programs)
    }

    pub(super) fn is_loaded(&self, program: &Program) -> bool {
        self.trial.loaded.contains(&program.name)
    }

    /// True if the app cannot run without it.
    pub(super) fn is_first(&self, program: &Program) -> bool {
        match self.trial.first.is_empty() {
            // nothing is known of it, but that libbpf would load them all
            true => self.subject.programs().any(|it| it.name == program.name),
            false => self.trial.first.contains(&program.name),
        }
    }

    /// True if the kernel was asked to load it and refused.
    pub(super) fn is_refused(&self, program: &Program) -> bool {
        self.trial.is_tried && self.is_first(program) && !self.is_loaded(program)
    }

    /// True if it loads, and its hook is there.
    fn works(&self, program: &Program) -> bool {
        let finding = self.findings.get(program.name.as_str());
        self.is_loaded(program) && !matches!(finding, Some(Finding::Absent(_)))
    }

    /// A program of the same file that works, of which its user takes one. An app knows itself
    /// which of its programs it takes.
    pub(super) fn twin(&self, program: &Program) -> Option<&Program> {
        let is_file = matches!(self.subject.kind, Kind::File);
        let mut twins = self.all().filter(|it| is_file && it.is_twin_of(program));
        twins.find(|twin| self.works(twin))
    }

    /// True if the program that loads this file can do without one whose hook is not there. It
    /// evidently chooses if other programs have twins; if this one has a twin of another type, which
    /// does not work either, it wants one of the two.
    pub(super) fn may_be_left_out(&self, program: &Program) -> bool {
        let is_alternative = |it: &Program| it.is_twin_of(program) && way(it) != way(program);
        let chooses = || self.all().any(|it| self.twin(it).is_some());
        self.trial.is_tried && !self.all().any(is_alternative) && chooses()
    }

    /// True if the kernel refuses it only because its hook is not there, and it may be left out.
    fn is_left_out(&self, program: &Program) -> bool {
        const ABSENT: [Code; 3] = [Code::NO_FUNCTION, Code::NO_TRACEPOINT, Code::NO_HOOK];
        let failure = self.refusal(program).and_then(Failure::of);
        let code = failure.and_then(|failure| failure.explained().0);
        code.is_some_and(|code| ABSENT.contains(&code)) && self.may_be_left_out(program)
    }

    /// Why the kernel does not take this program alone.
    pub(super) fn refusal(&self, program: &Program) -> Option<&Error> {
        let without = self.trial.without.iter();
        let mut alone = without.filter(|(name, _)| *name == program.name);
        let whole = self.trial.failure.iter();
        let mut first = whole.filter(|it| it.program.as_ref() == Some(&program.name));
        let alone = alone.next().map(|(_, err)| err);
        alone.or_else(|| Some(&first.next()?.error))
    }

    /// True if the known reason of a refusal is none of these.
    pub(super) fn is_refused_otherwise(&self, program: &Program, codes: &[Code]) -> bool {
        // before these the kernel has seen no program
        const BEFORE: [Code; 3] = [Code::MAP_DEFINITION, Code::MAP_TOO_LARGE, Code::KCONFIG];
        let failure = self.refusal(program).and_then(Failure::of);
        let code = failure.and_then(|failure| failure.explained().0);
        let is_other = |code| code != Code::REJECTED && !codes.contains(&code);
        code.is_some_and(|code| is_other(code) && !BEFORE.contains(&code))
    }

    /// Why it can't run.
    pub(super) fn failure(&self) -> Option<&Error> {
        let whole = &self.trial.failure.as_ref()?.error;
        let refused: Vec<_> = self.all().filter(|it| self.is_refused(it)).collect();
        let can_do_without = |it: &Program| self.twin(it).is_some() || self.is_left_out(it);
        let mut lone = refused.iter().filter(|it| !can_do_without(it));
        match lone.next() {
            Some(program) => Some(self.refusal(program).unwrap_or(whole)),
            None if refused.is_empty() => Some(whole),
            None => None,
        }
    }
}

/// How a program is attached: `kprobe`, `tp_btf`.
fn way(program: &Program) -> &str {
    let section = program.section.trim_start_matches('?');
    section.split(['/', '.']).next().unwrap_or(section)
}

/// Searches for the hook of a program by its section; attaching may use another one.
pub(super) fn find(program: &Program, hooks: &Hooks) -> Finding {
    let absent = match way(program) {
        "kprobe" | "kretprobe" | "ksyscall" | "kretsyscall" => no_kprobes(),
        "uprobe" | "uretprobe" | "usdt" => no_uprobes(),
        _ => None,
    };
    match (absent, program.target()) {
        (Some(absent), _) => absent.into(),
        _ if program.is_open() => Finding::There,
        // of the program that attaches it, which is not this one
        (
            None,
            Some(
                Target::Functions(_)
                | Target::Symbol {
                    binary: "/proc/self/exe",
                    ..
                },
            )
            | None,
        ) => Finding::There,
        (None, Some(target)) => target.find(hooks).unwrap_or(Finding::There),
    }
}
