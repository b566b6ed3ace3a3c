use bpfapps_diagnose::object::{Program, Types};

use super::check::Check;
use super::subject::Subject;
use super::trial::Trial;

/// An app or a file, and what came of loading it.
pub(super) struct Look<'a> {
    pub(super) subject: &'a Subject,
    pub(super) trial: &'a Trial,
    pub(super) types: Option<&'a Types<'a>>,
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
}
