use anyhow::Result;

use super::Record;
use crate::output::Row;

/// A record that says in its header how it is shown: bpf-build implements it.
pub trait Event: Record {
    /// The record with what stands behind it.
    type Row<'a>: Row;

    /// Takes `tail`, the bytes behind the record, apart.
    ///
    /// # Errors
    ///
    /// They are fewer than the record says.
    fn row<'a>(&'a self, tail: &'a [u8]) -> Result<Self::Row<'a>>;
}
