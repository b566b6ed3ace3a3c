//! Output: results go to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_explain::{Failure, coloured, report, stderr_is_coloured};
use terminal_size::{Width, terminal_size_of};

/// Writes one line of a task's result.
pub fn result(line: impl Display) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("failed to write to stdout")
}

/// The columns of the terminal that shows results: without one, lines end where they end.
pub fn width() -> usize {
    let size = terminal_size_of(io::stdout());
    size.map_or(usize::MAX, |(Width(columns), _)| columns.into())
}

/// Writes a line about progress, at once: no output of another program comes in between.
///
/// A stderr that cannot be written to is no reason to stop, and there is
/// nowhere left to complain.
pub fn note(line: impl Display) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Reports why a task failed: the only place that writes `error:`.
pub fn failure(error: &anyhow::Error) -> ExitCode {
    // `cargo xtask … | head -1` closes the pipe
    let closed = |cause: &io::Error| cause.kind() == ErrorKind::BrokenPipe;
    if !error.downcast_ref::<io::Error>().is_some_and(closed) {
        let text = report(error, "cargo xtask explain");
        let text = text.trim_end();
        match stderr_is_coloured() {
            true => note(coloured(text)),
            false => note(text),
        }
    }
    ExitCode::FAILURE
}

/// Makes an error with a `hint:` line.
pub fn hinted(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Failure::new(message, hint).into()
}
