//! Shows lists of what there is, once or again and again.

use std::time::Duration;

use anyhow::Result;
use log::warn;

use super::Session;
use crate::events::{Snapshot, describe_unwritten};
use crate::output::{Row, Rows};

impl Session {
    /// Calls `look` once, or repeatedly until a signal ends the program, and shows the rows that it
    /// adds as the options say: sorted, or renewed in place. Before the first call all privileges are
    /// given up except those that the app keeps; reading an iterator again requires CAP_BPF on
    /// kernels before 5.19.
    ///
    /// # Errors
    ///
    /// The first error of `look`, or of writing rows; a field to sort by that `R` lacks.
    pub fn snapshots<R: Row>(
        &self,
        snapshot: &Snapshot,
        mut look: impl FnMut(&mut Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        let list = snapshot.list::<R>(snapshot.interval().is_some())?;
        let mut rows = self.start_rows::<R>(&snapshot.stream(), Some(list))?;
        self.shed()?;
        let end = self.repeat(&mut rows, snapshot.interval(), &mut look);
        // an error is reported below the list
        end.and(rows.leave())?;
        if let Some(lost) = describe_unwritten(self.output.unwritten_to_file()) {
            warn!("{lost}");
        }
        Ok(())
    }

    fn repeat(
        &self,
        rows: &mut Rows<'_>,
        interval: Option<Duration>,
        look: &mut dyn FnMut(&mut Rows<'_>) -> Result<()>,
    ) -> Result<()> {
        loop {
            look(rows)?;
            rows.end_list()?;
            self.run.service.ready();
            self.run
                .service
                .count(|| (self.output.written(), self.output.unwritten()));
            match interval {
                Some(interval) if !self.sleep(interval)? => {}
                _ => return Ok(()),
            }
        }
    }
}
