use std::fmt;

use bpfapps_explain::Code;

use crate::output::Closed;

/// An error that knows what to do about itself: `main` prints the hint on a line of its own.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: String,
    code: Option<Code>,
    excerpt: String,
}

impl Failure {
    /// `message`: what is wrong, in lower case and without a full stop; `hint`: what mends it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            code: None,
            excerpt: String::new(),
        }
    }

    /// The message and the hint.
    pub(crate) fn into_parts(self) -> (String, String) {
        (self.message, self.hint)
    }

    /// The first one in an error and its causes.
    pub fn of(error: &anyhow::Error) -> Option<&Self> {
        // `context(Failure)` hides it from the chain's types, but not from anyhow's own downcast
        error
            .downcast_ref()
            .or_else(|| error.chain().find_map(|cause| cause.downcast_ref()))
    }

    /// What mends it.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Its code, and the lines of source code that it is about.
    pub fn explained(&self) -> (Option<Code>, &str) {
        (self.code, &self.excerpt)
    }

    /// Which failure it is: `bpfapps explain` has a page about it.
    pub fn code(self, code: Code) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// The lines of source code that it is about, as they are to be printed below the message.
    pub fn excerpt(self, excerpt: impl Into<String>) -> Self {
        Self {
            excerpt: excerpt.into(),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Events were lost where none were to be (`--strict`).
#[derive(Debug)]
pub(crate) struct EventsLost(pub(crate) String);

impl fmt::Display for EventsLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventsLost {}

/// The exit code of a run that ended with this error: 3 where events were lost, else 1, or 0 where
/// only the reader of stdout is gone, which is no failure.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Closed>() {
        0
    } else if error.is::<EventsLost>() {
        3
    } else {
        1
    }
}

/// An error as `main` prints it: the message, then what a [`Failure`] in its chain knows.
pub fn report(error: &anyhow::Error) -> String {
    let Some(failure) = Failure::of(error) else {
        return format!("error: {error:#}\n");
    };
    let mut text = match failure.code {
        Some(code) => format!("error[{code}]: {error:#}\n"),
        None => format!("error: {error:#}\n"),
    };
    text += &failure.excerpt;
    text += &format!("hint: {}\n", failure.hint);
    if let Some(code) = failure.code {
        text += &format!("more: bpfapps explain {code}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};

    use super::*;

    #[test]
    fn what_a_failure_knows_is_told_wherever_it_stands_in_the_chain() {
        let told = |result: Result<()>| report(&result.expect_err("a failure"));

        let at_the_root: Result<()> = Err(Failure::new("no", "mend it").into());
        assert_eq!(
            told(at_the_root.context("failed to load")),
            "error: failed to load: no\nhint: mend it\n"
        );
        let on_top: Result<()> =
            Err(anyhow::anyhow!("no")).context(Failure::new("failed", "do it"));
        assert_eq!(told(on_top), "error: failed: no\nhint: do it\n");
        let plain = Err(anyhow::anyhow!("no"));
        assert_eq!(told(plain), "error: no\n");

        let explained = Failure::new("no", "check it")
            .code(Code::NULL_CHECK)
            .excerpt(" 1 | *count\n");
        assert_eq!(
            told(Err(explained.into())),
            "error[BPF0001]: no\n 1 | *count\nhint: check it\nmore: bpfapps explain BPF0001\n"
        );
    }
}
