use serde::Serialize;

use super::fix::Fix;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Nothing is in the way.
    Ok,
    /// It runs, but not all of it, or not as well as it could.
    Warn,
    /// What it concerns can't run.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// `machine`, an app, or an object file
    pub(super) about: String,
    /// What was looked at: the names do not change
    check: &'static str,
    pub(super) status: Status,
    found: String,
    /// Why that is in the way
    cause: Option<String>,
    /// What to do about it: a command, or a sentence
    mend: Option<String>,
    /// The apps and files that can't run because of it
    #[serde(skip)]
    pub(super) concerns: Vec<String>,
    #[serde(skip)]
    pub(super) fix: Option<Fix>,
}

impl Check {
    pub(super) fn ok(about: &str, check: &'static str, found: impl Into<String>) -> Self {
        Self {
            about: about.to_owned(),
            check,
            status: Status::Ok,
            found: found.into(),
            cause: None,
            mend: None,
            concerns: Vec::new(),
            fix: None,
        }
    }

    /// The same where something is not as it should be.
    pub(super) fn warn(self, cause: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            status: Status::Warn,
            cause: Some(cause.into()),
            mend: Some(mend.into()),
            ..self
        }
    }

    /// The same where that keeps these from running; where it is nobody, it is only a warning.
    pub(super) fn fail(
        self,
        concerns: Vec<String>,
        cause: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        let status = match concerns.is_empty() {
            true => Status::Warn,
            false => Status::Fail,
        };
        Self {
            status,
            concerns,
            ..self.warn(cause, mend)
        }
    }

    /// The same with a command that mends it.
    pub(super) fn fixed_by(self, fix: Fix) -> Self {
        Self {
            mend: Some(fix.to_string()),
            fix: Some(fix),
            ..self
        }
    }

    /// What a kernel or a file said may go over lines.
    pub(super) fn tidy(&mut self) {
        let texts = [
            Some(&mut self.found),
            self.cause.as_mut(),
            self.mend.as_mut(),
        ];
        for text in texts.into_iter().flatten() {
            let words: Vec<_> = text.split_whitespace().collect();
            *text = words.join(" ");
        }
    }
}

/// A line a check; below it what is wrong, where something is.
pub(super) fn table(checks: &[Check], colours: bool) -> String {
    let name = |check: &Check| match check.about.as_str() {
        "machine" => check.check.to_owned(),
        about => format!("{about}: {}", check.check),
    };
    let width = checks.iter().map(|check| name(check).len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let (word, colour) = match check.status {
            Status::Ok => ("ok  ", "\x1b[32m"),
            Status::Warn => ("warn", "\x1b[33m"),
            Status::Fail => ("fail", "\x1b[31m"),
        };
        let word = match colours {
            true => format!("{colour}{word}\x1b[0m"),
            false => word.to_owned(),
        };
        text += &format!("{word}  {:width$}  {}\n", name(check), check.found);
        let below = [("cause", &check.cause), ("mend", &check.mend)];
        for (what, said) in below {
            if let Some(said) = said {
                text += &format!("      {what:>5}: {said}\n");
            }
        }
    }
    text
}

/// `a, b and c`.
pub(super) fn list<T: ToString>(names: &[T]) -> String {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    match &names[..] {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_has_its_cause_and_its_mend_below() {
        let checks = [
            Check::ok("machine", "kernel", "Linux 6.1"),
            Check::ok("a", "hooks", "tp/x/y").fail(vec!["a".into()], "no x", "do y"),
            Check::ok("a", "maps", "none").fail(Vec::new(), "no z", "do nothing"),
        ];
        let expected = "ok    kernel    Linux 6.1\n\
                        fail  a: hooks  tp/x/y\n      cause: no x\n       mend: do y\n\
                        warn  a: maps   none\n      cause: no z\n       mend: do nothing\n";
        assert_eq!(table(&checks, false), expected);
        assert!(table(&checks, true).contains("\x1b[31mfail\x1b[0m  a: hooks"));
    }

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
