use anyhow::Error;
use bpfapps_explain::{self as explain, Failure, Status, printable};
use serde::Serialize;

use super::fix::Fix;

pub(super) use bpfapps_explain::{list, table};

/// A check, and whom it concerns.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    #[serde(flatten)]
    pub(super) reported: explain::Check,
    /// The apps and files that can't run because of it
    #[serde(skip)]
    pub(super) concerns: Vec<String>,
    #[serde(skip)]
    pub(super) fix: Option<Fix>,
}

impl Check {
    pub(super) fn ok(about: &str, check: &'static str, found: impl Into<String>) -> Self {
        Self {
            reported: explain::Check::ok(about, check, found),
            concerns: Vec::new(),
            fix: None,
        }
    }

    /// Reports a problem that does not stop anything.
    pub(super) fn warn(self, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        self.fail(Vec::new(), cause, fix)
    }

    /// Fails the check for `concerns`; warns if it is empty.
    pub(super) fn fail(
        self,
        concerns: Vec<String>,
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let status = match concerns.is_empty() {
            true => Status::Warn,
            false => Status::Fail,
        };
        Self {
            reported: self.reported.bad(status, cause, fix),
            concerns,
            ..self
        }
    }

    /// Adds the code of an error, and its lines of source code.
    pub(super) fn by(mut self, err: &Error) -> Self {
        if let Some(failure) = Failure::of(err) {
            let (code, excerpt) = failure.explained();
            self.reported = self.reported.explained(code, excerpt);
        }
        self
    }

    /// Adds a command that fixes it.
    pub(super) fn fixed_by(mut self, fix: Fix) -> Self {
        self.reported.fix = Some(printable(&fix.to_string()).into_owned());
        self.fix = Some(fix);
        self
    }
}
