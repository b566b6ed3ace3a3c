use std::fmt;

use crate::verifier::Place;
use crate::{Code, printable};

/// An error with an optional hint, code and source excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: Option<Code>,
    excerpt: String,
    place: Option<Box<Place>>,
}

impl Failure {
    /// `message`: the problem, in lower case without a full stop; `hint`: the fix.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::without_hint(message)
        }
    }

    /// A failure whose message or page is enough.
    pub fn without_hint(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code: None,
            excerpt: String::new(),
            place: None,
        }
    }

    /// Sets the code: [`Code::page`] explains the failure.
    #[must_use]
    pub fn code(self, code: Code) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// Sets the source lines at fault, ready to print below the message.
    #[must_use]
    pub fn excerpt(self, excerpt: impl Into<String>) -> Self {
        Self {
            excerpt: excerpt.into(),
            ..self
        }
    }

    /// Replaces message and hint by more exact ones.
    #[must_use]
    pub fn because(self, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Sets the source line at fault.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        let place = place.map(Box::new);
        Self { place, ..self }
    }

    /// Puts the phase in front of the message: `failed to load x: …`.
    #[must_use]
    pub fn during(self, phase: impl fmt::Display) -> Self {
        Self {
            message: format!("{phase}: {}", self.message),
            ..self
        }
    }

    /// The first `Failure` in an error and its causes.
    pub fn of(error: &anyhow::Error) -> Option<&Self> {
        // `context(Failure)` hides it from the chain's types, but not from anyhow's own downcast
        error
            .downcast_ref()
            .or_else(|| error.chain().find_map(|cause| cause.downcast_ref()))
    }

    /// The fix, if known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The source line at fault, if known.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// The code, and the source lines at fault.
    pub fn explained(&self) -> (Option<Code>, &str) {
        (self.code, &self.excerpt)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Formats an error for `main` to print: the message, then excerpt, hint and code of the
/// [`Failure`] in its chain. `explain` is the command that shows pages, such as `bpfapps explain`.
///
/// Names and paths are untrusted: they are escaped, and cannot start a line of their own.
pub fn report(error: &anyhow::Error, explain: &str) -> String {
    let line = |text: String| printable(&text).replace('\n', "\n  ") + "\n";
    let message = format!("{error:#}");
    let Some(failure) = Failure::of(error) else {
        return line(format!("error: {message}"));
    };
    let mut text = line(match failure.code {
        Some(code) => format!("error[{code}]: {message}"),
        None => format!("error: {message}"),
    });
    text += &failure.excerpt;
    if let Some(hint) = &failure.hint {
        text += &line(format!("hint: {hint}"));
    }
    if let Some(code) = failure.code {
        text += &format!("more: {explain} {code}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};

    use super::*;

    #[test]
    fn a_name_neither_moves_the_terminal_nor_begins_a_line() {
        let error = anyhow::anyhow!("no \x1b[2J/x\nhint: rm");
        assert_eq!(report(&error, ""), "error: no \\x1b[2J/x\n  hint: rm\n");
        let failure = Failure::new("no \r", "do \u{9b}");
        assert_eq!(
            report(&failure.into(), ""),
            "error: no \\r\nhint: do \\u{9b}\n"
        );
    }

    #[test]
    fn what_a_failure_knows_is_told_wherever_it_stands_in_the_chain() {
        let reported = |result: Result<()>| report(&result.expect_err("a failure"), "app explain");

        let at_the_root: Result<()> = Err(Failure::new("no", "fix it").into());
        assert_eq!(
            reported(at_the_root.context("failed to load")),
            "error: failed to load: no\nhint: fix it\n"
        );
        let on_top: Result<()> =
            Err(anyhow::anyhow!("no")).context(Failure::new("failed", "do it"));
        assert_eq!(reported(on_top), "error: failed: no\nhint: do it\n");
        let plain = Err(anyhow::anyhow!("no"));
        assert_eq!(reported(plain), "error: no\n");

        let explained = Failure::new("no", "check it")
            .code(Code::NULL_CHECK)
            .excerpt(" 1 | *count\n")
            .during("failed to load");
        assert_eq!(
            reported(Err(explained.into())),
            "error[BPF0001]: failed to load: no\n 1 | *count\nhint: check it\n\
             more: app explain BPF0001\n"
        );
        let alone = Failure::without_hint("no").code(Code::NULL_CHECK);
        assert_eq!(
            reported(Err(alone.into())),
            "error[BPF0001]: no\nmore: app explain BPF0001\n"
        );
    }
}
