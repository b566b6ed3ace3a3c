//! Shows what BPF programs count, until a run ends.

use std::time::{Duration, Instant};

use anyhow::Result;
use libbpf_rs::skel::Skel;
use log::warn;

use super::Session;
use super::exit::EventsLost;
use super::report::reader;
use crate::counts::{Counted, Counting, Table, Totals};

/// The longest time between two looks: what is counted meanwhile has to fit in the map.
const LOOK: Duration = Duration::from_secs(1);

impl Session {
    /// Shows what the programs count, each key `R` of the only BPFAPPS_COUNTS of the object, until a
    /// signal asks the program to end, its time is over, or the command that it runs ends. Call it
    /// after the programs are attached.
    ///
    /// Gives up all privileges first, except those that the app keeps: reading maps requires CAP_BPF
    /// on kernels before 5.19. What found the map full is counted as lost.
    ///
    /// # Errors
    ///
    /// The kernel refuses, or stdout does not take a row; for a strict run also losses.
    pub fn count<'obj, R: Counted>(
        &self,
        counting: &Counting,
        skel: &impl Skel<'obj>,
    ) -> Result<()> {
        let mut table = Table::find::<R>(skel)?;
        let (_, mut lost) = self.losses(&reader(skel)?)?;
        let stream = counting.snapshot.stream();
        let list = counting
            .snapshot
            .list::<R::Row<'_>>(counting.interval().is_some())?;
        let list = list.hiding(&counting.hidden);
        let mut rows = self.start_rows::<R::Row<'_>>(&stream, Some(list))?;
        self.run(&counting.workload)?;
        self.shed()?;
        self.output.flush()?;
        self.run.service.ready();

        let mut totals = Totals::new(counting.keys(), counting.expire);
        let start = Instant::now();
        let end = counting
            .period
            .timeout
            .and_then(|timeout| start.checked_add(timeout));
        let mut shown = start;
        loop {
            let left = |until: Instant| until.saturating_duration_since(Instant::now());
            let next = counting
                .interval()
                .and_then(|interval| shown.checked_add(interval));
            let waits = [Some(LOOK), next.map(left), end.map(left)];
            let wait = waits.into_iter().flatten().min().unwrap_or(LOOK);
            let is_over = self.sleep(wait)? || end.is_some_and(|end| left(end).is_zero());
            if is_over {
                self.run.service.stopping();
                self.run.end_command()?;
            }

            let now = Instant::now();
            table.take(|key, counts| totals.add::<R>(key, counts, now))?;
            totals.expire(now);
            if is_over || next.is_some_and(|next| next <= now) {
                totals.show(now - shown, |record: &R| rows.write(&record.row(&[])?))?;
                shown = now;
                lost.report(&self.output, stream.output, true)?;
                rows.end_list()?;
                let written = || (self.output.written(), lost.total());
                self.run.service.count(written);
            }
            if is_over {
                break;
            }
        }
        rows.leave()?;
        match lost.describe(self.output.unwritten_to_file()) {
            Some(told) if counting.period.strict => Err(EventsLost(told).into()),
            told => {
                told.iter().for_each(|told| warn!("{told}"));
                Ok(())
            }
        }
    }
}
