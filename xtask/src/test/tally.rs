//! Adds up the results of test programs.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::out;

/// Numbers of tests, and the tests that were left out under their reasons.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    left_out: BTreeMap<String, Vec<String>>,
}

impl Tally {
    /// Takes one line of output, of libtest or libtest-mimic.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.skipped += count(counts, "ignored");
        } else if let Some((name, reason)) = skipped(line) {
            let names = self.left_out.entry(reason.to_owned()).or_default();
            names.push(name.to_owned());
        }
    }

    /// Counts a check that can't be made here.
    pub(crate) fn leave_out(&mut self, name: &str, reason: &str) {
        self.skipped += 1;
        let names = self.left_out.entry(reason.to_owned()).or_default();
        names.push(name.to_owned());
    }

    /// Lists what was left out, then the closing line.
    pub(crate) fn close(&self) -> Result<()> {
        for (reason, names) in &self.left_out {
            out::result(format_args!("left out {}: {reason}", names.len()))?;
            for name in names {
                out::result(format_args!("  {name}"))?;
            }
        }
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        out::result(format_args!(
            "{passed} passed, {failed} failed, {skipped} skipped"
        ))
    }
}

/// `ok. 3 passed; 0 failed; 1 ignored; …`
fn count(counts: &str, what: &str) -> usize {
    let number = counts.split("; ").find_map(|part| {
        let part = part.strip_suffix(what)?.trim_end();
        part.rsplit(' ').next()?.parse().ok()
    });
    number.unwrap_or(0)
}

/// `test NAME ... ignored, REASON` (libtest), or with the reason in
/// parentheses (libtest-mimic).
fn skipped(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = outcome.strip_prefix("ignored")?;
    let reason = match reason.strip_prefix(", ") {
        Some(reason) => reason,
        None => reason.trim_start().strip_prefix('(')?.strip_suffix(')')?,
    };
    Some((name.trim_end(), reason))
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            tally.read(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.skipped), (15, 2, 1));
    }

    #[test]
    fn reasons_of_both_kinds_meet() {
        let mut tally = Tally::default();
        for line in [
            "test exec_rows    ... ignored (needs root)",
            "test exit_rows ... ignored, needs root\n",
            "test [kernel] storm ... ignored, needs tracefs",
            "test src/lib.rs - open (line 3) ... ignored",
            "test fine ... ok",
        ] {
            tally.read(line);
        }
        let left_out: Vec<_> = tally.left_out.iter().collect();
        assert_eq!(
            format!("{left_out:?}"),
            r#"[("needs root", ["exec_rows", "exit_rows"]), ("needs tracefs", ["[kernel] storm"])]"#
        );
    }
}
