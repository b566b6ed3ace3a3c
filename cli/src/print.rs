//! The output of a subcommand: a table, JSON or YAML.

use std::io::{self, ErrorKind, Write as _};

use anyhow::{Context, Error, Result};
use bpfapps_core::output::{Closed, Format};
use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

use crate::options::yaml;

/// `value` as a document of that format, which ends with a newline; `table` makes the table.
///
/// # Errors
///
/// `value` can't be expressed in that format.
pub(crate) fn document<T: Serialize>(
    format: Format,
    value: &T,
    table: impl FnOnce(&T) -> String,
) -> Result<String> {
    match format {
        Format::Table => Ok(table(value)),
        Format::Json => serde_json::to_string_pretty(value)
            .map(|text| text + "\n")
            .context("failed to write JSON"),
        Format::Yaml => yaml::write(value),
        Format::None => Ok(String::new()),
    }
}

/// The columns of the terminal that shows the table: without one, lines end where they end.
pub(crate) fn width() -> usize {
    let size = terminal_size_of(io::stdout());
    size.map_or(usize::MAX, |(Width(columns), _)| columns.into())
}

/// Writes a whole document to stdout.
///
/// # Errors
///
/// Writing to stdout fails; the exit code depends on the error.
pub(crate) fn print(document: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(document).and_then(|()| stdout.flush());
    // a pipe without a reader is an end, not a failure
    written.map_err(|err| match err.kind() {
        ErrorKind::BrokenPipe => Closed.into(),
        _ => Error::new(err).context("failed to write to stdout"),
    })
}
