use serde::Serialize;

use crate::{Code, printable, wrap};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No problem found.
    Ok,
    /// It works, but only in part, or worse than it could.
    Warn,
    /// The checked item cannot work.
    Fail,
}

/// One check, its result and its fix. Its texts can contain untrusted names, so they are escaped
/// with [`printable`].
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// The subject: `machine`, an app, or an object file.
    pub about: String,
    /// The name of the check, which is stable.
    pub check: &'static str,
    /// The result.
    pub status: Status,
    /// The state that was found.
    pub found: String,
    /// The reason that this is a problem.
    pub cause: Option<String>,
    /// The fix: a command, or a sentence.
    pub fix: Option<String>,
    /// The code of the failure, such as `BPF0007`, if it has a page.
    pub code: Option<String>,
    /// The source lines at fault, ready to print.
    pub excerpt: Option<String>,
}

impl Check {
    /// The subject of checks that concern only the machine.
    pub const MACHINE: &'static str = "machine";

    /// A check without a problem.
    pub fn ok(about: &str, check: &'static str, found: impl Into<String>) -> Self {
        Self {
            about: printable(about).into_owned(),
            check,
            status: Status::Ok,
            found: printable(&found.into()).into_owned(),
            cause: None,
            fix: None,
            code: None,
            excerpt: None,
        }
    }

    /// Marks the check as a warning or a failure, with its cause and fix.
    pub fn bad(self, status: Status, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            status,
            cause: Some(printable(&cause.into()).into_owned()),
            fix: Some(printable(&fix.into()).into_owned()),
            ..self
        }
    }

    /// Adds the code of the failure and the source lines at fault.
    pub fn explained(self, code: Option<Code>, excerpt: &str) -> Self {
        Self {
            code: code.map(|code| code.to_string()),
            excerpt: (!excerpt.is_empty()).then(|| without_colours(excerpt)),
            ..self
        }
    }

    /// Puts each text on one line: text from a kernel or a file can have several.
    fn tidy(&mut self) {
        let texts = [
            Some(&mut self.found),
            self.cause.as_mut(),
            self.fix.as_mut(),
        ];
        for text in texts.into_iter().flatten() {
            let words: Vec<_> = text.split_whitespace().collect();
            *text = words.join(" ");
        }
    }

    fn name(&self) -> String {
        match self.about.as_str() {
            Self::MACHINE => self.check.to_owned(),
            about => format!("{about}: {}", self.check),
        }
    }
}

/// Renders one line per check, followed by its cause and fix if it has a problem. Lines break between
/// words at `width`, except a fix: it can be a command to copy. `explain` is the command that shows a
/// page.
pub fn table<'a>(
    checks: impl Iterator<Item = &'a Check>,
    colours: bool,
    width: usize,
    explain: &str,
) -> String {
    let mut checks: Vec<_> = checks.cloned().collect();
    checks.iter_mut().for_each(Check::tidy);
    let names = checks.iter().map(|check| check.name().len()).max();
    let names = names.unwrap_or(0);
    let mut text = String::new();
    for check in &checks {
        let (word, colour) = match check.status {
            Status::Ok => ("ok  ", "\x1b[32m"),
            Status::Warn => ("warn", "\x1b[33m"),
            Status::Fail => ("fail", "\x1b[31m"),
        };
        let word = match colours {
            true => format!("{colour}{word}\x1b[0m"),
            false => word.to_owned(),
        };
        let name = check.name();
        let found = wrap(&check.found, names + 8, width);
        text += &format!("{word}  {name:names$}  {found}\n");
        let cause = check.cause.as_ref().map(|cause| wrap(cause, 13, width));
        let more = check.code.as_ref();
        let more = more.map(|code| format!("{explain} {code}"));
        for (what, said) in [("cause", &cause), ("fix", &check.fix), ("more", &more)] {
            if let Some(said) = said {
                text += &format!("      {what:>5}: {said}\n");
            }
            if let ("cause", Some(excerpt)) = (what, &check.excerpt) {
                let lines = excerpt.lines();
                lines.for_each(|line| text += &format!("      {line}\n"));
            }
        }
    }
    text
}

/// Strips colour codes: the excerpt may have been drawn for a terminal.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    let behind = parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest));
    [first].into_iter().chain(behind).collect()
}

/// Joins names as in a sentence: `a, b and c`.
pub fn list<T: ToString>(names: &[T]) -> String {
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
    fn failure_has_its_cause_and_its_fix_below() {
        let checks = [
            Check::ok("machine", "kernel", "Linux 6.1"),
            Check::ok("a", "hooks", "tp/x/y").bad(Status::Fail, "no x", "do y"),
            Check::ok("a", "maps", "none").bad(Status::Warn, "no\n  z", "do nothing"),
            Check::ok("a", "programs", "none")
                .bad(Status::Fail, "no", "do")
                .explained(Some(Code::NULL_CHECK), " 1 | \x1b[1m*x\x1b[0m\n   | ^\n"),
        ];
        let expected = "ok    kernel       Linux 6.1\n\
                        fail  a: hooks     tp/x/y\n      cause: no x\n        fix: do y\n\
                        warn  a: maps      none\n      cause: no z\n        fix: do nothing\n\
                        fail  a: programs  none\n      cause: no\n       1 | *x\n         | ^\n        fix: do\n       more: bpfapps explain BPF0001\n";
        assert_eq!(table(checks.iter(), false, 80, "bpfapps explain"), expected);
        assert!(table(checks.iter(), true, 80, "").contains("\x1b[31mfail\x1b[0m  a: hooks"));
    }

    #[test]
    fn a_narrow_terminal_breaks_lines_between_words_but_not_a_command() {
        let check = Check::ok("machine", "memlock", "8192 KiB; it does not matter");
        let check = check.bad(
            Status::Warn,
            "the limit is too low",
            "sudo prlimit --memlock=1",
        );
        let expected = "warn  memlock  8192 KiB;\n               it does\n               not matter\n      \
                        cause: the limit is\n             too low\n        fix: sudo prlimit --memlock=1\n";
        assert_eq!(table([&check].into_iter(), false, 25, ""), expected);
    }

    #[test]
    fn no_name_moves_the_terminal() {
        let check = Check::ok("\x1bA", "maps", "\x1bB").bad(Status::Fail, "\x1bC", "\x1bD");
        let text = table([&check].into_iter(), false, 80, "explain");
        for name in ["A", "B", "C", "D"] {
            assert!(text.contains(&format!("\\x1b{name}")), "{text:?}");
        }
        assert!(!text.contains('\x1b'), "{text:?}");
    }

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(list::<&str>(&[]), "nothing");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
