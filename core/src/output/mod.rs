//! What goes to stdout: rows for people, documents for programs.

mod line;
mod stdout;

use std::cell::RefCell;
use std::io::{self, Write as _};
use std::marker::PhantomData;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::Session;
use crate::clock::Clock;

pub use line::{Line, escape, push_decimal};
pub use stdout::Closed;
pub(crate) use stdout::Stdout;

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns, for people
    Table,
    /// One JSON document
    Json,
    /// One YAML document
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
        Format::Yaml => serde_yaml::to_string(value).context("failed to write YAML"),
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

/// Title and least width of each column, left to right.
pub type Columns = &'static [(&'static str, usize)];

/// What an event looks like in a table.
pub trait Row {
    /// The columns of the table.
    const COLUMNS: Columns;

    /// Writes the columns in their order.
    fn write(&self, line: &mut Line<'_>);
}

/// A table that grows on stdout: the title line at once, then a line a row.
#[derive(Debug)]
pub struct Rows<'session, R> {
    stdout: &'session RefCell<Stdout>,
    clock: Clock,
    row: PhantomData<R>,
}

impl<'session, R: Row> Rows<'session, R> {
    pub(crate) fn start(session: &'session Session) -> Result<Self> {
        let mut rows = Self {
            stdout: &session.stdout,
            clock: Clock::local()?,
            row: PhantomData,
        };
        rows.line(|line| {
            for (title, _) in R::COLUMNS {
                line.text(title.as_bytes());
            }
        })?;
        Ok(rows)
    }

    /// Adds a row. It is on its way when the batch of events that it came with is through.
    ///
    /// # Errors
    ///
    /// The buffer was full and stdout did not take it.
    pub fn write(&mut self, row: &R) -> Result<()> {
        self.line(|line| row.write(line))
    }

    fn line(&mut self, fill: impl FnOnce(&mut Line<'_>)) -> Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        let mut line = Line::new(stdout.buffer(), R::COLUMNS, &mut self.clock);
        fill(&mut line);
        line.end();
        stdout.flush_if_full()
    }
}
