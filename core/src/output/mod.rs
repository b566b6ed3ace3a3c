//! Output on stdout: rows for people, documents for programs.

mod clock;
mod document;
mod fields;
mod line;
mod numbers;
mod rows;
mod stdout;
mod style;
pub mod values;
mod width;

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::poll::PollFlags;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::run::{Run, Signals, wait};
use clock::Clock;
use fields::head;

pub use bpfapps_explain::escape;
pub use clock::boot_time;
pub use document::{Document, Field, Kind};
pub use fields::Fields;
pub use line::Line;
use numbers::push_hundredths;
pub use numbers::{push_decimal, push_hex, push_ms, push_signed};
pub use rows::{Columns, Row, Rows, sample};
pub(crate) use stdout::Blocked;
pub use stdout::Closed;
use stdout::Stdout;
pub use style::Style;
pub(crate) use style::stderr_is_coloured;
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
        })
    }

    /// Writes one line, at once.
    pub(crate) fn say(&self, line: &str) -> Result<()> {
        let mut stdout = self.stdout.borrow_mut();
        stdout.buffer().extend_from_slice(line.as_bytes());
        stdout.buffer().push(b'\n');
        stdout.flush()
    }

    /// Sends output to this file from now on; an existing file is replaced.
    fn go_to(&self, file: &Path) -> Result<()> {
        self.stdout.borrow_mut().go_to(file)
    }

    /// Adds one document, which `fill` fills.
    pub(crate) fn document(&self, format: Format, fill: impl FnOnce(&mut Fields<'_>)) {
        let mut stdout = self.stdout.borrow_mut();
        let mut clock = self.clock.borrow_mut();
        let head = &self.heads[usize::from(format == Format::Yaml)];
        let mut fields = Fields::new(stdout.buffer(), &mut clock, format, head);
        fill(&mut fields);
        fields.end();
    }

    /// Writes all that was added.
    pub(crate) fn flush(&self) -> Result<()> {
        self.stdout.borrow_mut().flush()
    }

    /// Number of events that were formatted but not written.
    pub(crate) fn unwritten(&self) -> u64 {
        self.stdout.borrow().unwritten()
    }

    /// Waits for `more`, for `timeout`, or for the end of `run`: true means the end.
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
        ];
        fds.extend(more);
        let ready = wait(&fds, timeout)?;
        if ready[1] {
            return Err(Closed.into());
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
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait(run, None, Some(left))? {
                return run.ended();
            }
        }
    }
}
