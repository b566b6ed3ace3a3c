//! What goes to stdout: rows for people, documents for programs.

mod fields;
mod line;
mod numbers;
mod rows;
mod stdout;
mod style;
mod width;

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::yaml;

pub use fields::Fields;
pub(crate) use line::is_invisible;
pub use line::{Line, escape};
pub use numbers::{push_decimal, push_hex, push_ms, push_signed};
pub use rows::{Columns, Row, Rows, sample};
pub use stdout::Closed;
pub(crate) use stdout::{Blocked, Stdout};
pub use style::Style;
pub(crate) use style::stderr_is_coloured;

/// How a list, or a stream of events, is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns, for people
    #[default]
    Table,
    /// JSON; of events, one line each (JSON Lines)
    Json,
    /// YAML; of events, one document each
    Yaml,
}

/// `value` as a document of that format, which ends with a newline; `table` makes the table.
///
/// # Errors
///
/// `value` can't be expressed in that format.
pub fn document<T: Serialize>(
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
    }
}

/// Writes a whole document to stdout.
///
/// # Errors
///
/// stdout does not take it; [`exit_code`](crate::exit_code) tells whether that matters.
pub fn print(document: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(document)
        .and_then(|()| stdout.flush())
        .map_err(stdout::write_error)
}
