//! From a file to a bundle.

use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use flate2::read::GzDecoder;

use super::{Bundle, Entry, FIRST_LINE, KERNEL, Kernel, NOTHING, READS};

impl Bundle {
    /// Maximum size of a bundle, in bytes.
    pub const LARGEST: u64 = 16 << 20;

    /// Maximum size of its content.
    const LARGEST_UNPACKED: u64 = 64 << 20;

    /// Reads a bundle.
    ///
    /// # Errors
    ///
    /// It is none, or damaged, or larger than any.
    pub fn parse(file: &[u8]) -> Result<Self> {
        let mut content = Vec::new();
        let unpacked = GzDecoder::new(file).take(Self::LARGEST_UNPACKED + 1);
        let read = { unpacked }.read_to_end(&mut content);
        read.context("it is not a gzip file, or damaged")?;
        ensure!(
            content.len() as u64 <= Self::LARGEST_UNPACKED,
            "it is too large: more than {} MiB unpacked",
            Self::LARGEST_UNPACKED >> 20
        );
        let end = content.windows(2).position(|it| it == b"\n\n");
        let text = end.and_then(|end| str::from_utf8(&content[..end]).ok());
        let mut lines = text.unwrap_or_default().lines();
        ensure!(
            lines.next() == Some(FIRST_LINE),
            "it does not begin with the line `{FIRST_LINE}`"
        );
        let mut bundle = Self::default();
        for line in lines {
            if let Some(what) = line.strip_prefix(READS) {
                bundle.reads.insert(what.to_owned());
            } else if let Some(fields) = line.strip_prefix(KERNEL) {
                let entry = entry(fields).with_context(|| format!("damaged: {line}"))?;
                bundle.kernels.push(entry);
            }
        }
        bundle.types = content.split_off(end.unwrap_or_default() + 2);
        for entry in &bundle.kernels {
            let end = entry.offset.checked_add(entry.length);
            ensure!(
                end.is_some_and(|end| end <= bundle.types.len()),
                "it ends before the types of {}",
                entry.kernel
            );
        }
        Ok(bundle)
    }
}

fn entry(fields: &str) -> Option<Entry> {
    let mut fields = fields.splitn(7, ' ');
    let mut next = || fields.next().map(|it| if it == NOTHING { "" } else { it });
    let [distribution, version, machine, release] = [next()?, next()?, next()?, next()?];
    let (offset, length) = (next()?.parse().ok()?, next()?.parse().ok()?);
    Some(Entry {
        kernel: Kernel {
            distribution: distribution.to_owned(),
            version: version.to_owned(),
            machine: machine.to_owned(),
            release: release.to_owned(),
            build: next().unwrap_or_default().to_owned(),
        },
        offset,
        length,
    })
}
