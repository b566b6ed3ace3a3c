use anyhow::Result;

use crate::clock::Clock;
use crate::output::{Fields, Format, Line};
use crate::{Session, Stream};

/// Title and least width of each column, left to right.
pub type Columns = &'static [(&'static str, usize)];

/// How an event is shown.
pub trait Row {
    /// The columns of the table.
    const COLUMNS: Columns;

    /// Writes the columns in their order.
    fn write(&self, line: &mut Line<'_>);

    /// Writes the fields of its JSON or YAML document, which [`App::SCHEMA`](crate::App::SCHEMA)
    /// describes.
    fn fields(&self, fields: &mut Fields<'_>);
}

/// Events on stdout, as they come: a table below its title line, or one document an event.
#[derive(Debug)]
pub struct Rows<'session> {
    session: &'session Session,
    format: Format,
}

impl<'session> Rows<'session> {
    pub(crate) fn start<R: Row>(session: &'session Session, stream: &Stream) -> Result<Self> {
        let rows = Self {
            session,
            format: stream.output,
        };
        match rows.format {
            Format::Table => rows.line(R::COLUMNS, |line| {
                for (title, _) in R::COLUMNS {
                    line.text(title.as_bytes());
                }
            }),
            Format::Json | Format::Yaml => {
                let now = Clock::now()?;
                session.write_fields(rows.format, |fields| fields.kind("ready", now));
            }
        }
        Ok(rows)
    }

    /// Adds an event. It is on its way when the batch of events that it came with is through.
    ///
    /// # Errors
    ///
    /// The buffer was full and stdout did not take it.
    pub fn write<R: Row>(&mut self, row: &R) -> Result<()> {
        match self.format {
            Format::Table => self.line(R::COLUMNS, |line| row.write(line)),
            Format::Json | Format::Yaml => self
                .session
                .write_fields(self.format, |fields| row.fields(fields)),
        }
        self.session.stdout.borrow_mut().end_event()
    }

    fn line(&self, columns: Columns, fill: impl FnOnce(&mut Line<'_>)) {
        let mut stdout = self.session.stdout.borrow_mut();
        let mut clock = self.session.clock.borrow_mut();
        let mut line = Line::new(stdout.buffer(), columns, &mut clock);
        fill(&mut line);
        line.end();
    }
}
