//! Lists of existing objects, from BPF iterators.

use std::io::{BufRead as _, BufReader, Read};
use std::time::Duration;

use anyhow::{Context, Result};
use libbpf_rs::{Iter, Link};

use super::stream::seconds;
use super::{Record, Stream};
use crate::output::{FileOptions, Format, List, Row};

/// The options of an app that lists existing objects: flatten it into the app's options.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Snapshot {
    /// Output format: table, json (one line each), yaml (one document each) or none
    #[arg(
        short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table,
        hide_possible_values = true
    )]
    output: Format,

    #[command(flatten)]
    file: FileOptions,

    /// Repeat every SECONDS seconds, such as 0.5, until interrupted
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    interval: Option<Duration>,

    /// Sort by a field of the documents or a column: large numbers first, text by the alphabet
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,

    /// Show only the first N rows
    #[arg(
        long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    top: Option<u64>,
}

impl Snapshot {
    /// Repeats the list every `interval`, unless the command line has another one.
    #[must_use]
    pub fn or_every(mut self, interval: Duration) -> Self {
        self.interval.get_or_insert(interval);
        self
    }

    /// Sorts by `field`, unless the command line has another one.
    #[must_use]
    pub fn or_sorted_by(mut self, field: &str) -> Self {
        self.sort.get_or_insert_with(|| field.to_owned());
        self
    }

    /// Shows one list.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.interval = None;
        self
    }

    /// The output format and file.
    pub(crate) fn stream(&self) -> Stream {
        Stream::printed_as(self.output, self.file.clone())
    }

    /// How lists of `R` are shown, of which more than one is if it `repeats`.
    pub(crate) fn list<R: Row>(&self, repeats: bool) -> Result<List> {
        let top = self
            .top
            .map_or(usize::MAX, |top| top.try_into().unwrap_or(usize::MAX));
        List::new::<R>(self.sort.as_deref(), top, repeats)
    }

    /// The interval between lists, if there are more than one.
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }
}

/// The output of an iterator program: records by `bpf_seq_write`, with lines of text by
/// `BPF_SEQ_PRINTF` in between.
#[derive(Debug)]
pub struct Listing<S = Iter> {
    from: BufReader<S>,
}

impl Listing {
    /// Lets the program of this link run through all there is at the moment.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn of(iterator: &Link) -> Result<Self> {
        let from = Iter::new(iterator).context("failed to start the BPF iterator")?;
        Ok(Self::new(from))
    }
}

impl<S: Read> Listing<S> {
    fn new(from: S) -> Self {
        Self {
            from: BufReader::with_capacity(64 * 1024, from),
        }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    ///
    /// The output ends within a record.
    pub fn record<R: Record>(&mut self) -> Result<Option<R>> {
        let rest = self.from.fill_buf();
        match rest.context("failed to read the BPF iterator")?.is_empty() {
            true => Ok(None),
            false => R::read(&mut self.from).map(Some),
        }
    }

    /// The lines up to an empty one, which is left out.
    ///
    /// # Errors
    ///
    /// The kernel fails to continue the list.
    pub fn lines(&mut self) -> Result<Vec<Vec<u8>>> {
        let lines = self.from.by_ref().split(b'\n');
        lines
            .take_while(|line| !line.as_ref().is_ok_and(Vec::is_empty))
            .collect::<Result<_, _>>()
            .context("failed to read the BPF iterator")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Sample {
        number: u32,
    }

    // SAFETY: an integer.
    #[allow(unsafe_code, reason = "a record without BPF code")]
    unsafe impl Record for Sample {}

    fn listing(bytes: &[u8]) -> Listing<&[u8]> {
        Listing::new(bytes)
    }

    #[test]
    fn records_and_lines_take_turns() -> Result<()> {
        let bytes = [
            &7_u32.to_ne_bytes()[..],
            b"a\nb c\n\n",
            &8_u32.to_ne_bytes(),
            b"\n",
        ]
        .concat();
        let mut listing = listing(&bytes);
        assert_eq!(listing.record()?, Some(Sample { number: 7 }));
        assert_eq!(listing.lines()?, [&b"a"[..], b"b c"]);
        assert_eq!(listing.record()?, Some(Sample { number: 8 }));
        assert!(listing.lines()?.is_empty());
        assert_eq!(listing.record::<Sample>()?, None);
        Ok(())
    }

    #[test]
    fn half_a_record_is_an_error() {
        let error = listing(b"12")
            .record::<Sample>()
            .map_err(|err| err.to_string());
        assert_eq!(error, Err("failed to read a record of 4 bytes".to_owned()));
    }
}
