mod live;
mod order;
mod screen;

use std::borrow::Cow;
use std::env;

use anyhow::Result;
use clap::ColorChoice;

use super::clock::{Clock, boot_time};
use super::fields::head;
use super::line::Look;
use super::{Bars, Document, Fields, Format, Line, Observer, Output, OutputFile, Style, style};
pub(crate) use live::List;
use live::Shape;
use order::{Key, Order};

/// Title and least width of each column, left to right.
pub type Columns = &'static [(&'static str, usize)];

/// How an event is shown.
pub trait Row {
    /// The columns of the table.
    const COLUMNS: Columns;

    /// The documents that it may be, for [`App::DOCUMENTS`](crate::App::DOCUMENTS).
    const DOCUMENTS: &'static [Document];

    /// The `type` of its document.
    fn kind(&self) -> Cow<'static, str> {
        let only = Self::DOCUMENTS.first();
        only.map_or("event", |document| document.kind).into()
    }

    /// Writes the columns in their order.
    fn write(&self, line: &mut Line<'_>);

    /// Writes the fields of its JSON or YAML document.
    fn fields(&self, fields: &mut Fields<'_>);

    /// Adds its histograms, which the table shows below it.
    fn bars(&self, _: &mut Bars<'_>) {}
}

impl<R: Row> Row for &R {
    const COLUMNS: Columns = R::COLUMNS;
    const DOCUMENTS: &'static [Document] = R::DOCUMENTS;

    fn kind(&self) -> Cow<'static, str> {
        (**self).kind()
    }

    fn write(&self, line: &mut Line<'_>) {
        (**self).write(line);
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        (**self).fields(fields);
    }

    fn bars(&self, bars: &mut Bars<'_>) {
        (**self).bars(bars);
    }
}

/// A row as printed in UTC on a machine that booted at the start of 1970: for tests of rows.
pub fn sample<R: Row>(row: &R, format: Format) -> String {
    let (mut out, mut clock) = (Vec::new(), Clock::of_1970());
    if format == Format::Table {
        let mut line = Line::new(&mut out, R::COLUMNS, &mut clock, Look::default());
        row.write(&mut line);
        line.end();
    } else {
        let mut fields = Fields::new(&mut out, &mut clock, format, &head(format, None));
        row.fields(&mut fields);
        fields.end();
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Events, as they come: a table below its title line, or one document an event.
#[derive(Debug)]
pub struct Rows<'session> {
    output: &'session Output,
    format: Format,
    coloured: bool,
    observers: Vec<Box<dyn Observer>>,
    /// The document of an event whose row is a line of a table.
    document: Vec<u8>,
    /// The rows are lists, of what there is at a time.
    list: Option<List>,
}

impl<'session> Rows<'session> {
    /// In `file`, if there is one, and else on stdout.
    pub(crate) fn start<R: Row>(
        output: &'session Output,
        format: Format,
        color: ColorChoice,
        file: Option<OutputFile>,
        observers: Vec<Box<dyn Observer>>,
        list: Option<List>,
    ) -> Result<Self> {
        match file {
            Some(file) => output.go_to(file),
            None => output.has_documents.set(format.is_documents()),
        }
        let on_terminal = output.stdout.borrow().is_terminal();
        let mut list = list;
        let shape = list.as_mut().map(|list| list.shape(format, on_terminal));
        let shape = shape.unwrap_or(Shape::Plain);
        let has_times = match (format, shape) {
            (Format::Table, Shape::Plain) => R::COLUMNS.iter().any(|(it, _)| *it == "TIME"),
            // a step of the clock has no place on a screen
            (Format::Table, shape) => shape == Shape::Block,
            _ => format.is_documents(),
        };
        output.dated.set(has_times.then_some(format));
        let rows = Self {
            output,
            format,
            coloured: style::is_wanted(color, on_terminal, |name| env::var_os(name)),
            observers,
            document: Vec::new(),
            list,
        };
        match rows.format {
            Format::Table if shape == Shape::Plain => {
                rows.title(R::COLUMNS);
                output.stdout.borrow_mut().end_title();
            }
            Format::Json | Format::Yaml => {
                let now = boot_time()?;
                output.document(format, |fields| fields.kind("ready", now));
            }
            Format::Table | Format::None => {}
        }
        Ok(rows)
    }

    /// Adds an event. It is on its way when the batch of events that it came with is through.
    ///
    /// # Errors
    ///
    /// The buffer was full and stdout did not take it.
    pub fn write<R: Row>(&mut self, row: &R) -> Result<()> {
        self.begin_block()?;
        let begin = self.output.stdout.borrow_mut().buffer().len();
        match self.format {
            Format::Table => {
                self.line(R::COLUMNS, |line| row.write(line));
                let mut stdout = self.output.stdout.borrow_mut();
                let width = stdout.width();
                let out = stdout.buffer();
                row.bars(&mut Bars { out, width });
            }
            Format::Json | Format::Yaml => {
                self.output.fields(self.format, |fields| row.fields(fields));
            }
            Format::None => {}
        }
        if !self.observers.is_empty() {
            self.observe(row, begin);
        }
        let Some(mut list) = self.list.take() else {
            return self.output.stdout.borrow_mut().end_event();
        };
        let key = list
            .order()
            .map_or(Key::Missing, |order| self.key(order, row));
        let end = list.add(&mut self.output.stdout.borrow_mut(), begin, key);
        self.list = Some(list);
        end
    }

    /// The place of a row in a sorted list.
    fn key<R: Row>(&mut self, order: &Order, row: &R) -> Key {
        self.document.clear();
        let fill = |fields: &mut Fields<'_>| row.fields(fields);
        let document = &mut self.document;
        self.output.add_document(document, Format::Json, fill);
        order.key(row, document, &mut self.output.clock.borrow_mut())
    }

    /// Shows the event to the observers; its row begins there in the buffer.
    fn observe<R: Row>(&mut self, row: &R, begin: usize) {
        let mut stdout = self.output.stdout.borrow_mut();
        let are_read = self
            .observers
            .iter()
            .any(|observer| observer.reads_documents());
        let document = if !are_read {
            &[]
        } else if self.format == Format::Json {
            &stdout.buffer()[begin..]
        } else {
            let document = &mut self.document;
            document.clear();
            let fill = |fields: &mut Fields<'_>| row.fields(fields);
            self.output.add_document(document, Format::Json, fill);
            document
        };
        let kind = row.kind();
        for observer in &mut self.observers {
            observer.observe(&kind, document);
        }
    }

    /// The title line of a table.
    fn title(&self, columns: Columns) {
        self.line(columns, |line| {
            for (title, _) in columns {
                line.style(Style::Title);
                line.text(title.as_bytes());
            }
        });
    }

    fn line(&self, columns: Columns, fill: impl FnOnce(&mut Line<'_>)) {
        let mut stdout = self.output.stdout.borrow_mut();
        let mut clock = self.output.clock.borrow_mut();
        let look = Look {
            coloured: self.coloured,
            width: stdout.width(),
            hidden: self.list.as_ref().map_or(0, |list| list.hidden),
        };
        let mut line = Line::new(stdout.buffer(), columns, &mut clock, look);
        fill(&mut line);
        line.end();
    }
}
