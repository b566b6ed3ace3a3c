//! A Rust type for each C type of `bpfapps/record.h`, which shows a member of a record.
//!
//! bpf-build writes the [rows](super::Row) of an app with these. A new type is a `typedef` in that
//! header, a line in bpf-build's vocabulary, and a [`Value`] here.

mod histogram;
#[cfg(feature = "symbols")]
mod modules;
mod numbers;
mod process;
mod remote;
mod stack;
mod symbols;
mod text;

use std::borrow::Cow;

use super::Fields;

pub use histogram::{Buckets, Histogram, PerSecond, Unit};
pub use numbers::{Bytes, Hex, Ns, Percent};
pub use process::{Errno, ExitStatus, Mode, Returned, Signal, Syscall};
pub use remote::{Address, Endpoint, Interface, Ipv4, Protocol, TcpFlags};
pub use stack::{KernelStack, UserStack};
pub use text::{Enum, Flags, HexBytes, List, Named, Text, Words, counted, snake};

/// A member of a record.
pub trait Value {
    /// Appends it as a column of the table shows it, without anything that moves a terminal.
    fn show(&self, out: &mut Vec<u8>);

    /// Its value in a document.
    fn scalar(&self) -> Scalar<'_>;

    /// Adds it to a document: most are one field.
    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        fields.scalar(name, &self.scalar());
    }
}

/// A value in a document that is neither a list nor an object.
#[derive(Debug)]
pub enum Scalar<'a> {
    /// A number
    Number(u64),
    /// A number that may be negative
    Signed(i64),
    /// A number in hundredths
    Hundredths(u64),
    /// True or false
    Flag(bool),
    /// Text, as far as it is UTF-8
    Text(Cow<'a, [u8]>),
}

impl Scalar<'static> {
    /// Text that was made for this.
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Columns, Document, Format, Line, Row, sample};

    /// A value as the table and JSON show it.
    pub(super) fn shown(value: &impl Value) -> (String, String) {
        struct One<'a, V>(&'a V);

        impl<V: Value> Row for One<'_, V> {
            const COLUMNS: Columns = &[("VALUE", 0)];
            const DOCUMENTS: &'static [Document] = &[];

            fn write(&self, line: &mut Line<'_>) {
                line.value(self.0);
            }

            fn fields(&self, fields: &mut Fields<'_>) {
                fields.value("value", self.0);
            }
        }
        let table = sample(&One(value), Format::Table);
        let json = sample(&One(value), Format::Json);
        let json = json.trim_start_matches("{\"version\":1,").trim_end();
        (
            table.trim_end().to_owned(),
            json.trim_end_matches('}').to_owned(),
        )
    }

    /// The same for values with one field.
    pub(super) fn one(value: &impl Value) -> (String, String) {
        let (table, json) = shown(value);
        (table, json.replacen("\"value\":", "", 1))
    }
}
