use anyhow::Result;

use super::Record;
use crate::output::Row;

/// A record that says in its header how it is shown: bpf-build implements it.
pub trait Event: Record {
    /// The record and the texts that follow it.
    type Row<'a>: Row;

    /// Splits `tail`, the bytes after the record.
    ///
    /// # Errors
    ///
    /// They are fewer than the record says.
    fn row<'a>(&'a self, tail: &'a [u8]) -> Result<Self::Row<'a>>;
}
