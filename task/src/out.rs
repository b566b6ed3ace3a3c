//! Where words go: results to stdout, everything else to stderr.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_explain::Code;

/// Writes one line of a task's result.
pub fn result(line: impl Display) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("failed to write to stdout")
}

/// Writes one line about what is going on.
///
/// A stderr that cannot be written to is no reason to stop, and there is
/// nowhere left to complain.
pub fn note(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Reports why a task failed: the only place that writes `error:`.
pub fn failure(error: &anyhow::Error) -> ExitCode {
    // `cargo xtask … | head -1`: the reader has seen enough
    let closed = |cause: &io::Error| cause.kind() == ErrorKind::BrokenPipe;
    if !error.downcast_ref::<io::Error>().is_some_and(closed) {
        note(format_args!("error: {error:#}"));
        if let Some(failure) = error.downcast_ref::<Failure>() {
            note(format_args!("hint: {}", failure.hint));
        }
    }
    ExitCode::FAILURE
}

/// An error that knows what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: String,
}

impl Failure {
    /// An error that says `message`, and on a line of its own what to do.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// As core's: there is no page to point to before there is a `bpfapps`.
    pub fn code(self, _: Code) -> Self {
        self
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Makes an error with a `hint:` line.
pub fn hinted(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Failure::new(message, hint).into()
}
