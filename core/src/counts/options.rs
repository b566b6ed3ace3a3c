use std::time::Duration;

use anyhow::{Context as _, Result};
use libbpf_rs::MapType;
use libbpf_rs::skel::OpenSkel;

use crate::events::{Period, Snapshot, seconds};
use crate::run::Workload;

/// The default of `--keys`.
const KEYS: usize = 10_000;

const COMMAND: &str =
    "Run COMMAND, and end when it ends, with its exit code; what others do is counted, too";

/// The default of `--interval`.
const INTERVAL: Duration = Duration::from_secs(1);

/// The options of an app that counts in the kernel: flatten it into the app's options.
#[derive(Clone, Debug, clap::Args)]
// programs that count do not know the command
#[command(mut_arg("command", |arg| arg.help(COMMAND)))]
pub struct Counting {
    #[command(flatten)]
    pub(crate) snapshot: Snapshot,

    /// Show the totals once, at the end, instead of every second
    #[arg(long, conflicts_with = "interval")]
    once: bool,

    /// Count up to N keys each, by default 10,000, with room for as many in the kernel; `other` has
    /// what the rest counts
    #[arg(
        long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    keys: Option<u32>,

    /// Move a key into `other` that has not changed for SECONDS seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    pub(crate) expire: Option<Duration>,

    #[command(flatten)]
    pub(crate) period: Period,

    #[command(flatten)]
    pub(crate) workload: Workload,

    /// Columns that are left out.
    #[arg(skip)]
    pub(crate) hidden: Vec<&'static str>,
}

impl Counting {
    /// Makes room in the kernel for as many keys as the command line says, if the BPF code has less.
    ///
    /// # Errors
    ///
    /// libbpf refuses.
    pub fn fit<'obj>(&self, open: &mut impl OpenSkel<'obj>) -> Result<()> {
        let Some(keys) = self.keys else { return Ok(()) };
        let maps = open.open_object_mut().maps_mut();
        for mut map in maps.filter(|map| map.map_type() == MapType::PercpuHash) {
            let most = map.max_entries().max(keys);
            map.set_max_entries(most).context("failed to size a map")?;
        }
        Ok(())
    }

    /// The number of keys.
    pub(crate) fn keys(&self) -> usize {
        self.keys
            .map_or(KEYS, |keys| keys.try_into().unwrap_or(usize::MAX))
    }

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
