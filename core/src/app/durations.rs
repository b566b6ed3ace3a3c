//! Durations on the command line, for `value_parser`: BPF programs count nanoseconds.

use anyhow::{Result, ensure};

fn parse(text: &str, unit: u64) -> Result<u64> {
    let number: u64 = text.parse()?;
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
    parse(text, 1_000_000)
}

/// Whole seconds, from 1 on, in nanoseconds.
///
/// # Errors
///
/// It is no such number.
pub fn seconds(text: &str) -> Result<u64> {
    parse(text, 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

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
