//! Output on stdout: rows for people, documents for programs.

mod bars;
mod clock;
mod document;
mod fields;
mod file;
mod line;
mod numbers;
mod observer;
mod rows;
mod stdout;
mod style;
pub mod values;
mod width;

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::poll::PollFlags;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::run::{Run, Signals, wait};
use clock::{Clock, Reading, Steps};
use fields::head;

pub use bars::Bars;
pub use bpfapps_explain::escape;
pub use clock::boot_time;
pub use document::{Document, Field, Kind};
pub use fields::Fields;
pub(crate) use file::{FileOptions, OutputFile};
pub use line::Line;
use numbers::push_hundredths;
pub use numbers::{push_decimal, push_hex, push_ms, push_signed};
pub(crate) use observer::Observer;
pub(crate) use rows::List;
pub use rows::{Columns, Row, Rows, sample};
pub(crate) use stdout::Blocked;
pub use stdout::Closed;
use stdout::Stdout;
pub use style::Style;
pub use values::Value;

/// The format of a list or a stream of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns, for people
    #[default]
    Table,
    /// JSON; of events, one line each (JSON Lines)
    Json,
    /// YAML; of events, one document each
    Yaml,
    /// Nothing: events are counted, and sent where that is wanted
    #[value(hide = true)]
    None,
}

impl Format {
    /// True for JSON and YAML.
    pub(crate) fn is_documents(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// stdout, or a file in its place, and the clock by which rows are dated.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: RefCell<Stdout>,
    /// True if stdout has documents, so that no other text may be written to it.
    pub(crate) has_documents: Cell<bool>,
    /// The start of this run's documents, in JSON and in YAML.
    heads: [Vec<u8>; 2],
    clock: RefCell<Clock>,
    steps: Steps,
    /// The format of rows that have times.
    dated: Cell<Option<Format>>,
}

impl Output {
    /// While a reader blocks stdout, `signals` are watched too.
    pub(crate) fn new(signals: Rc<Signals>) -> Result<Self> {
        let mut run = [0_u8; 8];
        getrandom(&mut run, GetRandomFlags::empty()).context("failed to get random bytes")?;
        let run = format!("{:016x}", u64::from_ne_bytes(run));
        Ok(Self {
            stdout: RefCell::new(Stdout::new(signals)?),
            has_documents: Cell::new(false),
            heads: [Format::Json, Format::Yaml].map(|format| head(format, Some(&run))),
            clock: RefCell::new(Clock::local()?),
            steps: Steps::watch()?,
            dated: Cell::new(None),
        })
    }

    /// Writes one line, at once.
    pub(crate) fn say(&self, line: &str) -> Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        stdout.buffer().extend_from_slice(line.as_bytes());
        stdout.buffer().push(b'\n');
        stdout.end_document();
        stdout.flush()
    }

    /// Sends output to this file from now on.
    fn go_to(&self, file: OutputFile) {
        self.stdout.borrow_mut().go_to(file);
    }

    /// The rights of this program, and of threads that it starts, are those that are left.
    ///
    /// # Errors
    ///
    /// There can be no other thread.
    pub(crate) fn settle(&self) -> Result<()> {
        match self.stdout.borrow_mut().followed() {
            Some(file) => file.settle(),
            None => Ok(()),
        }
    }

    /// Adds one document that is no event, which `fill` fills.
    pub(crate) fn document(&self, format: Format, fill: impl FnOnce(&mut Fields<'_>)) {
        self.fields(format, fill);
        self.stdout.borrow_mut().end_document();
    }

    fn fields(&self, format: Format, fill: impl FnOnce(&mut Fields<'_>)) {
        self.add_document(self.stdout.borrow_mut().buffer(), format, fill);
    }

    fn add_document(&self, out: &mut Vec<u8>, format: Format, fill: impl FnOnce(&mut Fields<'_>)) {
        let mut clock = self.clock.borrow_mut();
        let head = &self.heads[usize::from(format == Format::Yaml)];
        let mut fields = Fields::new(out, &mut clock, format, head);
        fill(&mut fields);
        fields.end();
    }

    /// Follows the wall clock. A step is reported among rows that have times, between those with
    /// the old time and those with the new one: call it after the rows of what has happened so far.
    pub(crate) fn follow_clock(&self) -> Result<()> {
        self.follow(&Reading::now()?)
    }

    fn follow(&self, reading: &Reading) -> Result<()> {
        let step = self.clock.borrow_mut().follow(reading)?;
        let (Some(step), Some(format)) = (step, self.dated.get()) else {
            return Ok(());
        };
        let now = reading.since_boot_ns()?;
        if format == Format::Table {
            let time = self.clock.borrow_mut().time_of_day(now);
            let mut stdout = self.stdout.borrow_mut();
            stdout.buffer().extend_from_slice(&time);
            stdout
                .buffer()
                .extend_from_slice(step_text(step).as_bytes());
            stdout.end_document();
        } else {
            self.document(format, |fields| {
                fields.kind("clock_step", now);
                fields.signed("step_ns", step);
            });
        }
        Ok(())
    }

    /// Writes all that was added.
    pub(crate) fn flush(&self) -> Result<()> {
        self.stdout.borrow_mut().flush()
    }

    /// Number of events that were written.
    pub(crate) fn written(&self) -> u64 {
        let stdout = self.stdout.borrow();
        stdout.events() - stdout.unwritten()
    }

    /// Number of events that were formatted but not written.
    pub(crate) fn unwritten(&self) -> u64 {
        self.stdout.borrow().unwritten()
    }

    /// The same, of a file; a reader of stdout that is gone has lost nothing.
    pub(crate) fn unwritten_to_file(&self) -> u64 {
        let mut stdout = self.stdout.borrow_mut();
        match stdout.followed() {
            Some(_) => stdout.unwritten(),
            None => 0,
        }
    }

    /// Number of events that were formatted but not written, for another thread.
    pub(crate) fn shared_unwritten(&self) -> Arc<AtomicU64> {
        self.stdout.borrow().shared_unwritten()
    }

    /// Events that a file did not take, and that no document has told, and how many there are in all.
    pub(crate) fn tell_unwritten(&self) -> Option<(u64, u64)> {
        self.stdout.borrow_mut().tell_unwritten()
    }

    /// Waits for `more`, for `timeout`, for a step of the wall clock, or for the end of `run`: true
    /// means the end.
    ///
    /// # Errors
    ///
    /// The reader of stdout is gone.
    pub(crate) fn wait(
        &self,
        run: &Run,
        more: Option<(BorrowedFd<'_>, PollFlags)>,
        timeout: Option<Duration>,
    ) -> Result<bool> {
        // Writing rows also takes signals: one that was taken there does not show up again.
        if run.was_ended()? {
            return Ok(true);
        }
        let stdout = self.stdout.borrow();
        // Only an error is waited for on stdout: that its reader is gone.
        let mut fds = vec![
            (run.signals.as_fd(), PollFlags::POLLIN),
            (stdout.as_fd(), PollFlags::empty()),
            (self.steps.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(more);
        let timeouts = [timeout, stdout.patience(), run.service.patience()].into_iter();
        let ready = wait(&fds, timeouts.flatten().min())?;
        run.service.alive();
        if ready[1] {
            return Err(Closed.into());
        }
        if ready[2] {
            self.steps.clear();
        }
        if ready[0] {
            return run.ended();
        }
        run.was_ended()
    }

    /// Waits for `timeout`, or until the end of `run`: true means the end.
    pub(crate) fn wait_until(&self, run: &Run, timeout: Duration) -> Result<bool> {
        let end = Instant::now() + timeout;
        loop {
            if let Some(file) = self.stdout.borrow_mut().followed() {
                file.look();
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait(run, None, Some(left))? {
                self.follow_clock()?;
                return run.ended();
            }
        }
    }
}

/// The rest of the line about a step of the wall clock.
fn step_text(step: i64) -> String {
    let direction = if step < 0 { "back" } else { "forward" };
    let ms = step.unsigned_abs() / 1_000_000;
    let (seconds, ms) = (ms / 1000, ms % 1000);
    format!(" the wall clock was set {direction} by {seconds}.{ms:03} s\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written if the wall clock is set back by an hour, one second after boot.
    fn step(dated: Option<Format>) -> Result<String> {
        let output = Output::new(Rc::new(Signals::new()?))?;
        output.dated.set(dated);
        *output.clock.borrow_mut() = Clock::at_boot("2026-01-31T12:00:00Z");
        let reading = Reading::at("2026-01-31T11:00:01.5Z", 1_000_000_000);
        output.follow(&reading)?;
        output.follow(&reading)?;
        let mut stdout = output.stdout.borrow_mut();
        Ok(String::from_utf8_lossy(stdout.buffer()).into_owned())
    }

    #[test]
    fn step_of_the_clock_is_reported_once_with_the_new_time() -> Result<()> {
        let line = "11:00:01 the wall clock was set back by 3599.500 s\n";
        assert_eq!(step(Some(Format::Table))?, line);
        let document = step(Some(Format::Json))?;
        let end = "\"type\":\"clock_step\",\"time\":\"2026-01-31T11:00:01.500000000Z\",\
                   \"step_ns\":-3599500000000}\n";
        assert!(document.ends_with(end), "{document}");
        assert_eq!(document.lines().count(), 1, "{document}");
        assert_eq!(step(None)?, "");
        Ok(())
    }
}
