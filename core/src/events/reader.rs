//! The event loop: from where records come to one call a record.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use anyhow::Result;
use nix::poll::PollFlags;

use super::lost::Lost;
use super::shared::Awake;
use super::stream::{Limits, Stream};
use super::{Source, lost};
use crate::output::{Blocked, Format, Output};
use crate::run::Run;
use crate::telemetry::Telemetry;

/// Maximum number of records before rows are written and signals are checked.
const BATCH: usize = 4096;

/// Time in which the next batch gathers after one. While batches follow each other, the BPF side
/// wakes no reader: see `bpfapps/ringbuf.h`.
const COALESCE: Duration = Duration::from_millis(20);

/// The end of reading, and a description of losses, if there are any.
pub(crate) struct End {
    pub(crate) result: Result<()>,
    pub(crate) lost: Option<String>,
}

/// One run through the records of a source.
pub(crate) struct Reader<'a> {
    run: &'a Run,
    output: &'a Output,
    source: Source<'a>,
    limits: Limits,
    lost: Lost,
    awake: Awake,
    format: Format,
    telemetry: Option<&'a Telemetry>,
}

impl<'a> Reader<'a> {
    /// The time that `stream` allows counts from now.
    pub(crate) fn new(
        run: &'a Run,
        output: &'a Output,
        stream: &Stream,
        source: Source<'a>,
        awake: Awake,
        lost: Lost,
        telemetry: Option<&'a Telemetry>,
    ) -> Self {
        Self {
            run,
            output,
            source,
            limits: stream.limits(),
            lost,
            awake,
            format: stream.output,
            telemetry,
        }
    }

    /// Reads until the end, whatever that is.
    pub(crate) fn read(&mut self) -> End {
        let result = self.read_all();
        self.finish();
        if !result.as_ref().is_err_and(|err| err.is::<Blocked>()) {
            let lost = self.lost.describe(self.output.unwritten_to_file());
            return End { result, lost };
        }
        let lost = self.lost.describe(0);
        match self.source.records.discard() {
            Ok(discarded) => {
                let unwritten = self.output.unwritten() + discarded;
                let blocked = lost::blocked(unwritten);
                End {
                    result: Ok(()),
                    lost: Some(lost.map_or(blocked.clone(), |lost| format!("{lost}; {blocked}"))),
                }
            }
            Err(err) => End {
                result: Err(err),
                lost,
            },
        }
    }

    fn read_all(&mut self) -> Result<()> {
        let ready = self.source.ready;
        loop {
            let came = self.handle_all()?;
            let left = self.limits.time_left();
            // Asleep, the next record wakes us, and one that has come meanwhile does at once.
            self.awake.set(came);
            let ended = if self.limits.is_over() {
                true
            } else if came {
                let pause = left.unwrap_or(COALESCE).min(COALESCE);
                self.wait(None, Some(pause))?
            } else {
                self.wait(Some(ready), left)?
            };
            if ended || self.limits.is_over() {
                self.run.service.stopping();
                self.run.end_command()?;
                self.handle(self.source.capacity)?;
                self.finish();
                self.report_lost(true)?;
                return self.output.flush();
            }
        }
    }

    /// Waits for a record, for `timeout`, or for the end of the program: true means the end.
    fn wait(&self, ready: Option<BorrowedFd<'_>>, timeout: Option<Duration>) -> Result<bool> {
        let ready = ready.map(|ready| (ready, PollFlags::POLLIN));
        self.output.wait(self.run, ready, timeout)
    }

    /// Handles records until there are no more, and says whether there were any.
    fn handle_all(&mut self) -> Result<bool> {
        let mut came = false;
        // the wait before has looked at signals
        while !self.limits.is_over() {
            let count = self.handle(BATCH)?;
            came |= count > 0;
            if count < BATCH || self.run.ended()? {
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
            self.source.records.consume(most)
        } else {
            Ok(0)
        };
        self.report_lost(count.as_ref().is_ok_and(|count| *count == 0))?;
        self.output.follow_clock()?;
        // Rows from before the error come out before the error.
        self.output.flush()?;
        self.run.service.count(|| {
            let lost = self.lost.total() + self.output.unwritten();
            (self.output.written(), lost)
        });
        // records may come without a pause
        self.run.service.alive();
        let count = count?;
        self.limits.events -= count as u64;
        Ok(count)
    }

    /// Waits for what is on its way to the receiver.
    fn finish(&self) {
        if let Some(telemetry) = self.telemetry {
            telemetry.finish();
        }
    }

    /// In a stream of documents, a loss is one of them.
    fn report_lost(&mut self, others: bool) -> Result<()> {
        self.lost.report(self.output, self.format, others)
    }
}
