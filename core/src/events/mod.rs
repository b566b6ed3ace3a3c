//! Records from the kernel, through a ring buffer, a perf buffer or an iterator; and losses on the
//! way.

mod event;
mod lost;
mod perf;
mod program;
mod reader;
mod record;
mod ring;
mod shared;
mod snapshot;
mod source;
mod statistics;
mod stream;
pub mod tracepoint;

pub use event::Event;
pub use lost::stages;
pub use perf::PerfRecords;
pub use record::{Byte, Record, c_bytes, set_text, take};
pub use snapshot::{Listing, Snapshot};
pub use statistics::RunStatistics;
pub use stream::Stream;

#[cfg(feature = "metrics")]
pub(crate) use lost::counted;
pub(crate) use lost::{Count, EXPORT, Lost, OUTPUT, Other, describe_unwritten};
pub(crate) use perf::ring_bytes as perf_ring_bytes;
pub(crate) use program::ProgramInfo;
#[cfg(feature = "metrics")]
pub(crate) use program::SKIPPED;
pub(crate) use reader::Reader;
pub(crate) use record::set_global;
pub(crate) use ring::RingRecords;
pub(crate) use shared::{Awake, Counters, map as share};
pub(crate) use source::{Records, Source};
pub(crate) use stream::bytes;
pub(crate) use stream::seconds;
