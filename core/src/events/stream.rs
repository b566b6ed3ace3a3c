use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bpfapps_host::settings::page_size;
use clap::ColorChoice;

use crate::output::{FileOptions, Format};

/// The options of an app that reports events: flatten it into the app's options.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Stream {
    /// Output format: table, json (one line each), yaml (one document each) or none
    #[arg(
        short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table,
        hide_possible_values = true
    )]
    pub(crate) output: Format,

    #[command(flatten)]
    pub(crate) file: FileOptions,

    /// Colour the table: auto (on a terminal), always or never
    #[arg(
        long, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto,
        hide_possible_values = true
    )]
    pub(crate) color: ColorChoice,

    /// End after N events
    #[arg(
        short = 'n', long, value_name = "N", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    max_events: Option<u64>,

    /// End after SECONDS seconds, such as 0.5
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    timeout: Option<Duration>,

    /// End with exit code 3 if any event was lost
    #[arg(long)]
    pub(crate) strict: bool,

    /// Size of the ring buffer, such as 256K or 8M: a power of two of pages
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = ring_size)]
    ring_size: Option<u32>,
}

impl Stream {
    /// Size of the ring buffer in bytes, if the command line overrides the BPF code.
    pub fn ring_size(&self) -> Option<u32> {
        self.ring_size
    }

    /// True for JSON and YAML.
    pub(crate) fn is_documents(&self) -> bool {
        self.output.is_documents()
    }

    /// One without limits.
    pub(super) fn printed_as(output: Format, file: FileOptions) -> Self {
        Self {
            output,
            file,
            ..Self::default()
        }
    }

    /// When this run is over; the time counts from now.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            events: self.max_events.unwrap_or(u64::MAX),
            deadline: self
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
        }
    }
}

/// The options of an app that reports at its end: flatten it into the app's options.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Period {
    /// End after SECONDS seconds, such as 0.5
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,

    /// End with exit code 3 if anything was lost
    #[arg(long)]
    pub(crate) strict: bool,
}

impl Period {
    /// A stream without output, for [`Session::poll`](crate::Session::poll).
    pub fn stream(&self) -> Stream {
        Stream {
            timeout: self.timeout,
            strict: self.strict,
            ..Stream::default()
        }
    }
}

/// The events and the time that remain of a run.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) events: u64,
    deadline: Option<Instant>,
}

impl Limits {
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.events == 0 || self.time_left().is_some_and(|left| left.is_zero())
    }
}

pub(crate) fn seconds(text: &str) -> Result<Duration> {
    let seconds: f64 = text.parse().context("not a number")?;
    let duration = Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero());
    duration.context("not a time over 0 that a clock can count")
}

fn ring_size(text: &str) -> Result<u32> {
    valid_ring_size(text, page_size()?)
}

/// A size such as `65536`, `256K`, `8M` or `2G`.
pub(crate) fn bytes(text: &str) -> Result<u64> {
    let units = [
        ("K", 10),
        ("k", 10),
        ("M", 20),
        ("m", 20),
        ("G", 30),
        ("g", 30),
    ];
    let mut units = units.into_iter();
    let in_units = units.find_map(|(unit, bits)| Some((text.strip_suffix(unit)?, 1 << bits)));
    let (number, unit) = in_units.unwrap_or((text, 1));
    let number: u64 = number.parse().context("not a number of bytes, K, M or G")?;
    number.checked_mul(unit).context("too large")
}

/// The kernel requires a power of two of pages, and libbpf a 32-bit number.
fn valid_ring_size(text: &str, page: u64) -> Result<u32> {
    let bytes = bytes(text)?;
    let largest = 1 << 31;
    let above = bytes.max(page).min(largest).next_power_of_two();
    if above == bytes {
        return Ok(u32::try_from(bytes)?);
    }
    let below = if bytes < page || bytes > largest {
        above
    } else {
        above / 2
    };
    match below == above {
        true => bail!(
            "not a power of two of pages: the nearest is {}",
            size(above)
        ),
        false => bail!(
            "not a power of two of pages: the nearest are {} and {}",
            size(below),
            size(above)
        ),
    }
}

/// A power of two as the option takes it: `256K`, `8M`.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{}M", bytes >> 20),
        bytes if bytes >= 1 << 10 => format!("{}K", bytes >> 10),
        bytes => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ring_size_is_a_power_of_two_of_pages() {
        let parse = |text| valid_ring_size(text, 4096).map_err(|err| err.to_string());
        assert_eq!(parse("4096"), Ok(4096));
        assert_eq!(parse("256K"), Ok(256 << 10));
        assert_eq!(parse("8M"), Ok(8 << 20));
        assert_eq!(parse("2048M"), Ok(1 << 31));
        let nearest =
            |sizes: &str| Err(format!("not a power of two of pages: the nearest {sizes}"));
        assert_eq!(parse("5000"), nearest("are 4K and 8K"));
        assert_eq!(parse("3M"), nearest("are 2M and 4M"));
        assert_eq!(parse("0"), nearest("is 4K"));
        assert_eq!(parse("2048"), nearest("is 4K"));
        assert_eq!(parse("4096M"), nearest("is 2048M"));
        assert_eq!(parse("18446744073709551615M"), Err("too large".to_owned()));
        assert_eq!(
            parse("-1"),
            Err("not a number of bytes, K, M or G".to_owned())
        );
        assert_eq!(
            parse(""),
            Err("not a number of bytes, K, M or G".to_owned())
        );
    }

    proptest! {
        #[test]
        fn a_ring_size_is_valid_or_refused(text in "[0-9]{0,21}[KMGkmgT-]?") {
            if let Ok(size) = valid_ring_size(&text, 4096) {
                prop_assert!(size.is_power_of_two() && size >= 4096, "{text}: {size}");
            }
        }

        #[test]
        fn seconds_are_a_time_or_refused(text in "[-+.0-9einfa]{0,12}") {
            prop_assert!(seconds(&text).is_ok_and(|time| !time.is_zero()) || seconds(&text).is_err());
        }
    }

    #[test]
    fn seconds_are_over_zero_and_finite() {
        assert_eq!(seconds("0.5").ok(), Some(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "inf", "1e300", "soon", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
