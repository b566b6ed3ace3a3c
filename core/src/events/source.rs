use std::os::fd::BorrowedFd;

use anyhow::Result;

/// A source of records.
pub(crate) struct Source<'a> {
    pub(crate) records: &'a dyn Records,
    /// Can be read from when a record comes.
    pub(crate) ready: BorrowedFd<'a>,
    /// Maximum number of records in its buffer.
    pub(crate) capacity: usize,
}

/// Records in a buffer, each with a handler.
pub(crate) trait Records {
    /// Handles up to `most` records and returns how many it handled.
    fn consume(&self, most: usize) -> Result<usize>;

    /// Discards all records and returns how many there were.
    fn discard(&self) -> Result<u64>;
}
