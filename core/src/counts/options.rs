use std::time::Duration;

use crate::events::{Snapshot, seconds};
use crate::run::Workload;

/// The default of `--interval`.
const INTERVAL: Duration = Duration::from_secs(1);

/// The options of an app that counts in the kernel: flatten it into the app's options.
#[derive(Clone, Debug, clap::Args)]
pub struct Counting {
    #[command(flatten)]
    pub(crate) snapshot: Snapshot,

    /// Show the totals once, at the end, instead of every second
    #[arg(long, conflicts_with = "interval")]
    once: bool,

    /// End after SECONDS seconds, such as 0.5
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// Count up to N keys each; `other` has what the rest counts
    #[arg(
        long, value_name = "N", default_value_t = 10_000, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) keys: u64,

    /// Move a key into `other` that has not changed for SECONDS seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    pub(crate) expire: Option<Duration>,

    /// End with exit code 3 if anything was lost
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) workload: Workload,

    /// Columns that are left out.
    #[arg(skip)]
    pub(crate) hidden: Vec<&'static str>,
}

impl Counting {
    /// Leaves out columns that have nothing to show, as what they show was not asked for.
    #[must_use]
    pub fn hiding(mut self, titles: &[&'static str]) -> Self {
        self.hidden.extend_from_slice(titles);
        self
    }

    /// How often the counts are shown; `None`: at the end.
    pub(crate) fn interval(&self) -> Option<Duration> {
        (!self.once).then(|| self.snapshot.interval().unwrap_or(INTERVAL))
    }
}
