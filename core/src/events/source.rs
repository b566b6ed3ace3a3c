use std::os::fd::BorrowedFd;

use anyhow::Result;

/// Where records come from.
pub(crate) struct Source<'a> {
    pub(crate) records: &'a dyn Records,
    /// Can be read from when a record comes.
    pub(crate) ready: BorrowedFd<'a>,
    /// More records than this never stand there.
    pub(crate) capacity: usize,
}

/// Records that stand somewhere, each to be handed to whom they are for.
pub(crate) trait Records {
    /// Handles those that are there, up to `most`, and says how many there were.
    fn consume(&self, most: usize) -> Result<usize>;

    /// Throws away those that are there, and says how many there were.
    fn discard(&self) -> Result<u64>;
}
