use bpfapps_explain::escape;

use super::clock::Clock;
use super::style::PLAIN;
use super::width::fit;
use super::{Columns, Style, Value, push_decimal, push_signed};

/// One line of a table in the making: each call fills the next column.
///
/// Formatted by hand into the output buffer: with `std::fmt` a storm of events costs several
/// times as much.
#[derive(Debug)]
pub struct Line<'a> {
    out: &'a mut Vec<u8>,
    columns: Columns,
    clock: &'a mut Clock,
    look: Look,
    /// Start of the line in `out`.
    begin: usize,
    /// Start of the current column's text in `out`.
    start: usize,
    /// End of the last column's text in `out`.
    end: usize,
    styled: bool,
}

/// How lines are shown on their destination.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub(super) coloured: bool,
    /// Width of the terminal in cells, if the destination is one.
    pub(super) width: Option<usize>,
    /// Columns that are left out, the first one as the lowest bit.
    pub(super) hidden: u32,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        out: &'a mut Vec<u8>,
        columns: Columns,
        clock: &'a mut Clock,
        look: Look,
    ) -> Self {
        let begin = out.len();
        Self {
            out,
            columns,
            clock,
            look,
            begin,
            start: begin,
            end: begin,
            styled: false,
        }
    }

    /// Colours the next column, if colours are on.
    #[inline]
    pub fn style(&mut self, style: Style) {
        if self.look.coloured {
            self.begin_style(style);
        }
    }

    #[cold]
    fn begin_style(&mut self, style: Style) {
        self.out.extend_from_slice(style.begin());
        self.start = self.out.len();
        self.styled = true;
    }

    #[cold]
    fn end_style(&mut self) {
        self.out.extend_from_slice(PLAIN);
        self.styled = false;
    }

    /// Text from outside: what could touch a terminal or forge a row is escaped.
    pub fn text(&mut self, text: &[u8]) {
        escape(text, self.out);
        self.end_column();
    }

    /// A member of a record.
    #[inline]
    pub fn value(&mut self, value: &impl Value) {
        value.show(self.out);
        self.end_column();
    }

    /// There is nothing to show in this column.
    pub fn none(&mut self) {
        self.out.push(b'-');
        self.end_column();
    }

    /// A number, in decimal.
    pub fn number(&mut self, number: u64) {
        push_decimal(number, self.out);
        self.end_column();
    }

    /// A number that may be negative, in decimal.
    pub fn signed(&mut self, number: i64) {
        push_signed(number, self.out);
        self.end_column();
    }

    /// Local time of day, of nanoseconds since boot.
    pub fn time(&mut self, boot_ns: u64) {
        let text = self.clock.time_of_day(boot_ns);
        self.out.extend_from_slice(&text);
        self.end_column();
    }

    /// A column of several parts, which `fill` appends; it answers for what they contain.
    pub fn parts(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        fill(self.out);
        self.end_column();
    }

    fn end_column(&mut self) {
        let Some(((_, width), rest)) = self.columns.split_first() else {
            return;
        };
        self.columns = rest;
        let is_hidden = self.look.hidden & 1 == 1;
        self.look.hidden >>= 1;
        if is_hidden {
            return self.drop_column();
        }
        let used = self.out.len() - self.start;
        if self.styled {
            self.end_style();
        }
        if rest.is_empty() {
            self.end = self.start + used;
        } else {
            let gap = width.saturating_sub(used) + 1;
            self.out.resize(self.out.len() + gap, b' ');
            self.start = self.out.len();
        }
    }

    #[cold]
    fn drop_column(&mut self) {
        self.out.truncate(self.start);
        if self.styled {
            self.end_style();
        }
        if self.columns.is_empty() {
            self.out.truncate(self.out.trim_ascii_end().len());
        }
    }

    /// The text of the last column, once it is filled.
    pub(super) fn last_column(&self) -> &[u8] {
        &self.out[self.start..self.end.max(self.start)]
    }

    pub(super) fn end(self) {
        if let Some(width) = self.look.width {
            fit(self.out, self.begin, width);
        }
        self.out.push(b'\n');
    }
}
