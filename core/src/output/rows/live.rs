use std::env;

use anyhow::Result;
use bpfapps_explain::knows_escapes;

use super::order::{Key, Order};
use super::screen::height;
use super::{Columns, Row, Rows};
use crate::output::stdout::Stdout;
use crate::output::{Format, boot_time};

/// How lists are shown, and the rows of the current one that wait for its end.
#[derive(Debug)]
pub(crate) struct List {
    pub(super) columns: Columns,
    pub(super) hidden: u32,
    order: Option<Order>,
    /// The number of rows that are shown at most.
    top: usize,
    repeats: bool,
    pub(super) shape: Shape,
    held: Vec<(Key, Vec<u8>)>,
    /// The number of rows so far.
    count: usize,
    /// The title of the current block is written; the screen has a list.
    pub(super) is_begun: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Rows below the title line that all lists share, or documents.
    Plain,
    /// A block with its time and title, for each list.
    Block,
    /// The whole screen of a terminal.
    Screen,
}

impl List {
    /// `sort` is a field or column of `R`; `repeats` if another list follows.
    ///
    /// # Errors
    ///
    /// There is no such field.
    pub(crate) fn new<R: Row>(sort: Option<&str>, top: usize, repeats: bool) -> Result<Self> {
        Ok(Self {
            columns: R::COLUMNS,
            hidden: 0,
            order: sort.map(Order::by::<R>).transpose()?,
            top,
            repeats,
            shape: Shape::Plain,
            held: Vec::new(),
            count: 0,
            is_begun: false,
        })
    }

    /// Leaves out columns of these titles.
    pub(crate) fn hiding(self, titles: &[&str]) -> Self {
        let columns = self.columns.iter().enumerate();
        let hidden = columns.filter(|(_, (title, _))| titles.contains(title));
        Self {
            hidden: hidden.fold(0, |bits, (index, _)| bits | 1 << index),
            ..self
        }
    }

    /// Chooses the form.
    pub(super) fn shape(&mut self, format: Format, on_terminal: bool) -> Shape {
        self.shape = match self.repeats && format == Format::Table {
            false => Shape::Plain,
            true if on_terminal && knows_escapes(|name| env::var_os(name)) => Shape::Screen,
            true => Shape::Block,
        };
        self.shape
    }

    pub(super) fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// True if rows wait for the end of the list.
    fn holds(&self) -> bool {
        self.order.is_some() || self.shape == Shape::Screen
    }

    /// Takes in the row that begins there in the buffer.
    pub(super) fn add(&mut self, stdout: &mut Stdout, begin: usize, key: Key) -> Result<()> {
        self.count += 1;
        if self.holds() {
            let row = stdout.buffer().split_off(begin);
            // without an order only the first ones can be shown
            if self.order.is_some() || self.held.len() < self.top.min(height(stdout)) {
                self.held.push((key, row));
            }
        } else if self.count <= self.top {
            return stdout.end_event();
        } else {
            stdout.buffer().truncate(begin);
        }
        Ok(())
    }
}

impl Rows<'_> {
    /// Begins a block with its first row.
    pub(super) fn begin_block(&mut self) -> Result<()> {
        match &self.list {
            Some(list) if list.shape == Shape::Block && !list.holds() => self.write_head(),
            _ => Ok(()),
        }
    }

    /// Shows the rows that were added since the last list.
    ///
    /// # Errors
    ///
    /// stdout does not take them.
    pub(crate) fn end_list(&mut self) -> Result<()> {
        self.observers
            .iter_mut()
            .for_each(|observer| observer.end_list());
        let Some(list) = &mut self.list else {
            return self.output.flush();
        };
        let mut held = std::mem::take(&mut list.held);
        held.sort_by(|(one, _), (other, _)| one.compare(other));
        held.truncate(list.top);
        let count = std::mem::take(&mut list.count).min(list.top);
        match list.shape {
            Shape::Screen => self.draw(held, count)?,
            shape => {
                if shape == Shape::Block {
                    self.write_head()?;
                }
                let mut stdout = self.output.stdout.borrow_mut();
                for (_, row) in held {
                    stdout.buffer().extend_from_slice(&row);
                    stdout.end_event()?;
                }
                if shape == Shape::Block {
                    stdout.buffer().push(b'\n');
                    stdout.end_document();
                }
            }
        }
        if let Some(list) = &mut self.list {
            list.is_begun = list.shape == Shape::Screen;
        }
        self.output.flush()
    }

    /// The time of a block and the title of its columns, unless it has them.
    fn write_head(&mut self) -> Result<()> {
        let Some(list) = self.list.as_mut().filter(|list| !list.is_begun) else {
            return Ok(());
        };
        list.is_begun = true;
        let columns = list.columns;
        let time = self.output.clock.borrow_mut().time_of_day(boot_time()?);
        let mut stdout = self.output.stdout.borrow_mut();
        stdout.buffer().extend_from_slice(&time);
        stdout.buffer().push(b'\n');
        drop(stdout);
        self.title(columns);
        self.output.stdout.borrow_mut().end_document();
        Ok(())
    }
}
