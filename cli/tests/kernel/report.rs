use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Exit, Process};
use serde_json::Value;

/// A report of doctor.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: Vec<String>,
    checks: Vec<Value>,
}

impl Report {
    /// Runs doctor with `-o json` among its arguments.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let exit = Process::run(command)?;
        let Exit {
            code,
            stdout,
            stderr,
            ..
        } = exit;
        let text = stdout.join("\n");
        let checks =
            serde_json::from_str(&text).with_context(|| format!("no JSON: {text} {stderr:#?}"))?;
        Ok(Self {
            code,
            stderr,
            checks,
        })
    }

    /// The fields of a check, each with its text.
    pub(crate) fn check(&self, about: &str, name: &str) -> Result<Check> {
        let found = self
            .checks
            .iter()
            .find(|check| check["about"] == about && check["check"] == name);
        let check = found.with_context(|| format!("no {name} of {about}: {self:#?}"))?;
        let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
        Ok(Check {
            status: text("status"),
            found: text("found"),
            cause: text("cause"),
            fix: text("fix"),
        })
    }

    pub(crate) fn checks(&self) -> &[Value] {
        &self.checks
    }

    /// The checks with this status, as `about: check`.
    pub(crate) fn with(&self, status: &str) -> Vec<String> {
        let with = self.checks.iter().filter(|check| check["status"] == status);
        with.map(|check| {
            let text = |field: &str| check[field].as_str().unwrap_or_default().to_owned();
            format!("{}: {}", text("about"), text("check"))
        })
        .collect()
    }

    pub(crate) fn expect_code(self, code: i32) -> Result<Self> {
        ensure!(self.code == Some(code), "expected {code}: {self:#?}");
        Ok(self)
    }
}

/// One of its lines.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) status: String,
    pub(crate) found: String,
    pub(crate) cause: String,
    pub(crate) fix: String,
}

impl Check {
    /// Fails unless it has this status, and all of these words in its cause and its fix.
    pub(crate) fn expect(self, status: &str, words: &[&str]) -> Result<Self> {
        let all = format!("{} {} {}", self.found, self.cause, self.fix);
        let lacks: Vec<_> = words.iter().filter(|word| !all.contains(**word)).collect();
        ensure!(
            self.status == status && lacks.is_empty(),
            "expected {status} with {lacks:?}: {self:#?}"
        );
        Ok(self)
    }
}
