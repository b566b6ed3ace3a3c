use std::collections::BTreeMap;

use anyhow::Error;
use bpfapps_diagnose::object::{Program, Types};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::Finding;

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
        let mut lone = refused.iter().filter(|it| self.twin(it).is_none());
        match lone.next() {
            Some(program) => Some(self.refusal(program).unwrap_or(whole)),
            None if refused.is_empty() => Some(whole),
            None => None,
        }
    }
}
