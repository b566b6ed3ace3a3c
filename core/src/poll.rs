//! The event loop: from a BPF ring buffer to one call a record.

use std::mem::size_of;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::Result;
use libbpf_rs::MapCore;
use log::warn;
use nix::poll::PollFlags;

use crate::clock::Clock;
use crate::failure::{EventsLost, exit_code};
use crate::lost::Lost;
use crate::output::{Blocked, Closed, Format};
use crate::ringbuf::Records;
use crate::shared::{self, Awake};
use crate::stream::{Limits, Stream};
use crate::wait::wait;
use crate::{Record, Session};

/// So many records at the most before rows are written and signals are looked at.
const BATCH: usize = 4096;

/// What the kernel puts before each record in a ring buffer, in bytes (BPF_RINGBUF_HDR_SZ).
const RECORD_HEADER: usize = 8;

/// After a batch the next one may gather for so long. As long as there is a next one, the BPF side
/// wakes nobody: see `bpfapps/ringbuf.h`.
const COALESCE: Duration = Duration::from_millis(20);

impl Session {
    /// Hands each record of `ring` to `handle`, until a signal asks the program to end, a limit of
    /// `stream` is reached, the command that it runs ends, or the reader of its output is gone. What
    /// stands in the ring at that moment is still handled.
    ///
    /// Before the first record all privileges are given up: see
    /// [`Session::give_up_privileges`]. Rows are written after each batch. `shared` is map `reader`
    /// of `bpfapps/ringbuf.h`: what was lost by it is reported in JSON and YAML when it is noticed,
    /// and on stderr at the end, whatever the end.
    ///
    /// # Errors
    ///
    /// The first error of `handle`, or one of reading records or writing rows; where the stream is
    /// to be strict, that events were lost.
    pub fn poll<R: Record>(
        &self,
        stream: &Stream,
        ring: &dyn MapCore,
        shared: &dyn MapCore,
        mut handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        self.poll_with_tail(stream, ring, shared, |record, _| handle(record))
    }

    /// The same for records that have more bytes behind them: `handle` gets these, too.
    ///
    /// # Errors
    ///
    /// As [`Session::poll`].
    pub fn poll_with_tail<R: Record>(
        &self,
        stream: &Stream,
        ring: &dyn MapCore,
        shared: &dyn MapCore,
        handle: impl FnMut(&R, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let records = Records::new(ring, handle)?;
        let capacity = ring.max_entries() as usize / (size_of::<R>() + RECORD_HEADER);
        self.poll_source(stream, &records, ring.as_fd(), capacity, shared)
    }

    /// The same for records from wherever, at most `capacity` of which stand there; `ready` can be
    /// read from when one comes.
    pub(crate) fn poll_source(
        &self,
        stream: &Stream,
        records: &dyn Source,
        ready: BorrowedFd<'_>,
        capacity: usize,
        shared: &dyn MapCore,
    ) -> Result<()> {
        let (awake, counters) = shared::map(shared)?;
        let mut reader = Reader {
            session: self,
            records,
            capacity,
            limits: stream.limits(),
            lost: Lost::new(counters)?,
            awake,
            format: stream.output,
        };
        self.give_up_privileges()?;
        // The title line, or the first document: from now on nothing is missed.
        self.flush()?;
        let mut end = reader.read(ready);
        let mut told = reader.lost.describe();
        if end.as_ref().is_err_and(|err| err.is::<Blocked>()) {
            let unwritten = self.stdout.borrow().unwritten() + reader.records.discard()?;
            let blocked = format!("lost {unwritten} events: stdout took no more");
            told = Some(told.map_or(blocked.clone(), |told| format!("{told}; {blocked}")));
            end = Ok(());
        }
        let Some(text) = told else {
            return end;
        };
        let failed = end.as_ref().is_err_and(|err| exit_code(err) != 0);
        if stream.strict && !failed {
            return Err(EventsLost(text).into());
        }
        warn!("{text}");
        end
    }

    /// Waits for the ring, for `timeout`, or for the end of the program: true means the end.
    fn wait(&self, ring: Option<BorrowedFd<'_>>, timeout: Option<Duration>) -> Result<bool> {
        // Writing rows looks at signals, too: one that was taken there does not come again.
        if self.signals.has_come() || self.command_has_ended()? {
            return Ok(true);
        }
        let stdout = self.stdout.borrow();
        // Only an error is waited for on stdout: that its reader is gone.
        let mut fds = vec![
            (self.signals.as_fd(), PollFlags::POLLIN),
            (stdout.as_fd(), PollFlags::empty()),
        ];
        fds.extend(ring.map(|ring| (ring, PollFlags::POLLIN)));
        let ready = wait(&fds, timeout)?;
        if ready[1] {
            return Err(Closed.into());
        }
        Ok((ready[0] && self.signals.ended()?.is_some()) || self.command_has_ended()?)
    }

    /// Waits for `timeout`, or until the program is to end: true means the end.
    ///
    /// # Errors
    ///
    /// The reader of the program's output is gone.
    pub fn sleep(&self, timeout: Duration) -> Result<bool> {
        let end = Instant::now() + timeout;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait(None, Some(left))? {
                return self.ended();
            }
        }
    }
}

/// Where records come from.
pub(crate) trait Source {
    /// Handles what stands there, up to `most` records, and says how many there were.
    fn consume(&self, most: usize) -> Result<usize>;

    /// Throws away what stands there, and says how many records there were.
    fn discard(&self) -> Result<u64>;
}

/// One run through the records of a source.
struct Reader<'a> {
    session: &'a Session,
    records: &'a dyn Source,
    /// More records than this never stand in the source.
    capacity: usize,
    limits: Limits,
    lost: Lost,
    awake: Awake,
    format: Format,
}

impl Reader<'_> {
    fn read(&mut self, ring: BorrowedFd<'_>) -> Result<()> {
        loop {
            let came = self.handle_all()?;
            let left = self.limits.time_left();
            // Asleep, the next record wakes us, and one that has come meanwhile does at once.
            self.awake.set(came);
            let ended = if self.limits.is_over() {
                true
            } else if came {
                let pause = left.unwrap_or(COALESCE).min(COALESCE);
                self.session.wait(None, Some(pause))?
            } else {
                self.session.wait(Some(ring), left)?
            };
            if ended || self.limits.is_over() {
                self.session.end_command()?;
                self.handle(self.capacity)?;
                self.report_lost(true)?;
                return self.session.flush();
            }
        }
    }

    /// Handles records until there are no more, and says whether there were any.
    fn handle_all(&mut self) -> Result<bool> {
        let mut came = false;
        // the wait before has looked at signals
        while !self.limits.is_over() {
            let count = self.handle(BATCH)?;
            came |= count > 0;
            if count < BATCH || self.session.ended()? {
                break;
            }
        }
        Ok(came)
    }

    /// Handles up to `most` records, writes the rows, and says how many records there were.
    fn handle(&mut self, most: usize) -> Result<usize> {
        let most = usize::try_from(self.limits.events)
            .unwrap_or(most)
            .min(most);
        let count = if most > 0 {
            self.records.consume(most)
        } else {
            Ok(0)
        };
        self.report_lost(count.as_ref().is_ok_and(|count| *count == 0))?;
        // What was handled before an error is shown before the error is.
        self.session.flush()?;
        let count = count?;
        self.limits.events -= count as u64;
        Ok(count)
    }

    /// In a stream of documents, a loss is one of them.
    fn report_lost(&mut self, skipped: bool) -> Result<()> {
        if self.format == Format::Table {
            return Ok(());
        }
        let skipped = skipped.then(|| self.lost.news_of_skipped()).flatten();
        for news in self.lost.news().into_iter().chain(skipped) {
            let now = Clock::now()?;
            self.session.write_fields(self.format, |fields| {
                fields.kind("lost", now);
                fields.text("stage", news.stage.as_bytes());
                if let Some(cpu) = news.cpu {
                    fields.number("cpu", cpu);
                }
                fields.number("count", news.count);
                fields.number("total", news.total);
            });
        }
        Ok(())
    }
}
