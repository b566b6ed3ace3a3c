//! Options that many apps have, parsed: durations for `value_parser`, and probes.

use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

/// A probe built into a program (USDT): `libstdcxx:throw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsdtProbe {
    /// The program or library that defines it
    pub provider: String,
    /// Its name
    pub name: String,
}

impl FromStr for UsdtProbe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(':').filter(|(provider, name)| {
            let is_plain = |part: &str| !part.is_empty() && !part.contains(':');
            is_plain(provider) && is_plain(name)
        });
        let (provider, name) = parts.context("not of the form PROVIDER:NAME")?;
        Ok(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
        })
    }
}

fn duration(text: &str, unit: u64) -> Result<u64> {
    let number: u64 = text.parse().context("not a whole number")?;
    let most = u64::MAX / unit;
    ensure!(
        (1..=most).contains(&number),
        "{number} is not in 1..={most}"
    );
    Ok(number * unit)
}

/// Whole milliseconds, from 1 on, in nanoseconds.
///
/// # Errors
///
/// It is no such number.
pub fn milliseconds(text: &str) -> Result<u64> {
    duration(text, 1_000_000)
}

/// Whole seconds, from 1 on, in nanoseconds.
///
/// # Errors
///
/// It is no such number.
pub fn seconds(text: &str) -> Result<u64> {
    duration(text, 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_has_a_provider() {
        let probe: UsdtProbe = "libstdcxx:throw".parse().expect("a probe");
        assert_eq!((&*probe.provider, &*probe.name), ("libstdcxx", "throw"));
        for text in ["", "throw", ":throw", "libstdcxx:", "a:b:c"] {
            assert!(text.parse::<UsdtProbe>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_over_zero_and_fit() {
        assert_eq!(milliseconds("12").ok(), Some(12_000_000));
        assert_eq!(
            seconds("18446744073").ok(),
            Some(18_446_744_073_000_000_000)
        );
        for text in ["0", "-1", "18446744074", "soon", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
