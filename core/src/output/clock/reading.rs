//! Readings of the kernel's clocks.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// The longest time that the reading of two clocks takes if nothing comes in between.
pub(super) const TOGETHER: Duration = Duration::from_micros(100);

/// Tries to read both clocks together.
const TRIES: usize = 3;

/// The wall clock and the boot clock, read together.
#[derive(Debug)]
pub(in super::super) struct Reading {
    /// Nanoseconds since 1970.
    pub(super) wall: i128,
    pub(super) since_boot: Duration,
    /// How long it took: the two differ by at most that.
    pub(super) took: Duration,
}

impl Reading {
    /// Reads both clocks, again if something came in between.
    ///
    /// # Errors
    ///
    /// The kernel has no boot clock.
    pub(in super::super) fn now() -> Result<Self> {
        let mut best = Self::once()?;
        for _ in 1..TRIES {
            if best.took <= TOGETHER {
                break;
            }
            let again = Self::once()?;
            if again.took < best.took {
                best = again;
            }
        }
        Ok(best)
    }

    fn once() -> Result<Self> {
        let before = since_boot()?;
        let wall = wall()?;
        let took = since_boot()?.saturating_sub(before);
        Ok(Self {
            wall,
            since_boot: before + took / 2,
            took,
        })
    }

    /// The boot clock, in nanoseconds.
    pub(in super::super) fn since_boot_ns(&self) -> Result<u64> {
        Ok(u64::try_from(self.since_boot.as_nanos())?)
    }

    /// The wall clock's time at boot, in nanoseconds since 1970.
    ///
    /// # Errors
    ///
    /// It is out of range.
    pub(super) fn boot_ns(&self) -> Result<i64> {
        let since_boot = i128::try_from(self.since_boot.as_nanos())?;
        i64::try_from(self.wall - since_boot).context("the wall clock stands beyond 2262")
    }

    /// One for tests.
    #[cfg(test)]
    pub(in super::super) fn at(wall: &str, boot_ns: u64) -> Self {
        Self {
            wall: wall
                .parse::<jiff::Timestamp>()
                .expect("a timestamp")
                .as_nanosecond(),
            since_boot: Duration::from_nanos(boot_ns),
            took: Duration::ZERO,
        }
    }
}

/// The current time in nanoseconds since boot, on the clock of `bpf_ktime_get_boot_ns`.
///
/// # Errors
///
/// The kernel has no boot clock.
pub fn boot_time() -> Result<u64> {
    Ok(u64::try_from(since_boot()?.as_nanos())?)
}

/// The wall clock, in nanoseconds since 1970.
fn wall() -> Result<i128> {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).context("failed to read the wall clock")?;
    Ok(i128::from(now.tv_sec()) * 1_000_000_000 + i128::from(now.tv_nsec()))
}

/// The clock as the kernel has it, and its BPF programs: a time namespace shifts what this process
/// sees.
fn since_boot() -> Result<Duration> {
    static SHIFT: OnceLock<TimeSpec> = OnceLock::new();
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME).context("failed to read the boot clock")?;
    Ok((now - *SHIFT.get_or_init(shift)).into())
}

/// By how much this process' time namespace shifts the boot clock; none on a kernel without them.
fn shift() -> TimeSpec {
    let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    of_boot_clock(&offsets).unwrap_or_else(|| TimeSpec::new(0, 0))
}

/// A line has the name of a clock, seconds and nanoseconds.
fn of_boot_clock(offsets: &str) -> Option<TimeSpec> {
    let mut lines = offsets.lines().map(str::split_ascii_whitespace);
    let mut boot = lines.find_map(|mut words| (words.next()? == "boottime").then_some(words))?;
    let mut number = || boot.next()?.parse().ok();
    Some(TimeSpec::new(number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_may_be_negative() {
        let offsets = "monotonic           0         0\nboottime          -10 500000000\n";
        assert_eq!(
            of_boot_clock(offsets),
            Some(TimeSpec::new(-10, 500_000_000))
        );
        assert_eq!(of_boot_clock(""), None);
    }
}
