//! Counts by key that BPF programs keep: `bpfapps/count.h`.
//!
//! A table consists of two maps, of which one is at work. The reader changes over, upon which the
//! kernel waits for programs that still use the other one, and empties that. So no count is missed
//! or read twice, keys in the kernel are those of the last second, and the totals are here.

mod drain;
mod options;
mod table;
mod totals;

use crate::events::Event;

pub use options::Counting;
pub(crate) use table::Table;
pub(crate) use totals::Totals;

/// A record of `BPFAPPS_COUNTED`: bpf-build implements it.
pub trait Counted: Event {
    /// The place of its key; its counts are at its start.
    const KEY: usize;

    /// The place of each total of its counts; the rate is behind it.
    const TOTALS: &'static [usize];
}
