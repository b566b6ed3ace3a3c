//! The event loop: from a BPF ring buffer to one call a record.

use std::mem::size_of;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, MapFlags};
use log::warn;
use nix::poll::PollFlags;

use crate::output::Closed;
use crate::ringbuf::Records;
use crate::wait::wait;
use crate::{Record, Session};

/// So many records at the most before rows are written and signals are looked at.
const BATCH: usize = 4096;

/// After a batch the next one may gather for so long. The kernel wakes a reader only when it had
/// caught up, so a storm costs one wake-up a batch, and not one an event.
const COALESCE: Duration = Duration::from_millis(10);

impl Session {
    /// Hands each record of `ring` to `handle`, until a signal asks the program to end or the
    /// reader of its output is gone. What stands in the ring at that moment is still handled.
    ///
    /// Rows are written after each batch. `lost` is the map of `bpfapps/ringbuf.h`: what it counted
    /// is reported on stderr at the end, whatever the end.
    ///
    /// # Errors
    ///
    /// The first error of `handle`, or one of reading records or writing rows.
    pub fn poll<R: Record>(
        &self,
        ring: &dyn MapCore,
        lost: &dyn MapCore,
        handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        let end = self.poll_ring(ring, handle);
        let reported = report_lost(lost);
        end.and(reported)
    }

    fn poll_ring<R: Record>(
        &self,
        ring: &dyn MapCore,
        handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        let records = Records::new(ring, handle)?;
        loop {
            self.wait(Some(ring.as_fd()), None)?;
            while !self.signals.ended()? && self.handle_batch(&records, BATCH)? == BATCH {}
            if self.wait(None, Some(COALESCE))? {
                // A record takes its size and a header of eight bytes: more can't stand in there.
                let most = ring.max_entries() as usize / (size_of::<R>() + 8);
                self.handle_batch(&records, most)?;
                return Ok(());
            }
        }
    }

    /// Handles up to `most` records, writes the rows, and says how many records there were.
    fn handle_batch<F>(&self, records: &Records<'_, F>, most: usize) -> Result<usize> {
        let count = records.consume(most);
        // What was handled before an error is shown before the error is.
        self.flush()?;
        count
    }

    /// Waits for the ring, for `timeout`, or for the end of the program: true means the end.
    fn wait(&self, ring: Option<BorrowedFd<'_>>, timeout: Option<Duration>) -> Result<bool> {
        // Writing rows looks at signals, too: one that was taken there does not come again.
        if self.signals.ended()? {
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
        self.signals.ended()
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
                return self.signals.ended();
            }
        }
    }
}

/// Says on stderr how many records never made it into the ring, and on which CPUs.
fn report_lost(lost: &dyn MapCore) -> Result<()> {
    let counts = lost
        .lookup_percpu(&0_u32.to_ne_bytes(), MapFlags::ANY)
        .context("failed to read how many events were lost")?
        .unwrap_or_default();
    let counts: Vec<u64> = counts
        .iter()
        .filter_map(|bytes| bytes.as_slice().try_into().ok().map(u64::from_ne_bytes))
        .collect();
    if let Some(text) = describe_lost(&counts) {
        warn!("{text}");
    }
    Ok(())
}

fn describe_lost(counts: &[u64]) -> Option<String> {
    let total: u64 = counts.iter().sum();
    let of_cpu = |(cpu, count): (usize, &u64)| (*count > 0).then(|| format!("cpu {cpu}: {count}"));
    let each: Vec<_> = counts.iter().enumerate().filter_map(of_cpu).collect();
    (total > 0).then(|| {
        format!(
            "lost {total} events: the ring buffer was full ({})",
            each.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_per_cpu_and_silence_means_none() {
        assert_eq!(describe_lost(&[0, 0]), None);
        assert_eq!(
            describe_lost(&[0, 3, 0, 4]).as_deref(),
            Some("lost 7 events: the ring buffer was full (cpu 1: 3, cpu 3: 4)")
        );
    }
}
