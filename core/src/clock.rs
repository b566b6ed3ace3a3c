use std::time::Duration;

use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// Turns the kernel's `bpf_ktime_get_boot_ns` into local time of day.
///
/// Wall clock and boot clock are compared once, at the start: rows stay in order even where the
/// wall clock is stepped later.
#[derive(Debug)]
pub(crate) struct Clock {
    /// What the wall clock showed when the machine booted.
    boot: Timestamp,
    zone: TimeZone,
    /// Second of the boot clock, and how it reads: a storm has thousands of events a second.
    cached: Option<(u64, [u8; 8])>,
}

impl Clock {
    /// A clock in the zone of this machine (`TZ`, or `/etc/localtime`).
    ///
    /// # Errors
    ///
    /// The kernel has no boot clock, or its time is out of range.
    pub(crate) fn local() -> Result<Self> {
        let since_boot = Duration::from(
            clock_gettime(ClockId::CLOCK_BOOTTIME).context("failed to read the boot clock")?,
        );
        let boot = Timestamp::now() - SignedDuration::try_from(since_boot)?;
        Ok(Self {
            boot,
            zone: TimeZone::system(),
            cached: None,
        })
    }

    /// `HH:MM:SS`, in local time, of `ns` nanoseconds since boot.
    pub(crate) fn time_of_day(&mut self, ns: u64) -> [u8; 8] {
        let wall = self.boot.as_nanosecond() + i128::from(ns);
        let second = u64::try_from(wall / 1_000_000_000).unwrap_or(0);
        match self.cached {
            Some((cached, text)) if cached == second => text,
            _ => {
                let text = hms(second, &self.zone);
                self.cached = Some((second, text));
                text
            }
        }
    }
}

fn hms(second: u64, zone: &TimeZone) -> [u8; 8] {
    let Some(time) = i64::try_from(second)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok())
    else {
        return *b"??:??:??";
    };
    let time = zone.to_datetime(time);
    let digits = |n: i8| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
    let ([h1, h0], [m1, m0], [s1, s0]) = (
        digits(time.hour()),
        digits(time.minute()),
        digits(time.second()),
    );
    [h1, h0, b':', m1, m0, b':', s1, s0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        let boot = "2026-01-31T23:59:58.5Z".parse().expect("a timestamp");
        Clock {
            boot,
            zone: TimeZone::UTC,
            cached: None,
        }
    }

    #[test]
    fn wall_time_is_boot_time_plus_the_kernel_clock() {
        let mut clock = clock();
        assert_eq!(&clock.time_of_day(0), b"23:59:58");
        assert_eq!(&clock.time_of_day(499_999_999), b"23:59:58");
        assert_eq!(&clock.time_of_day(500_000_000), b"23:59:59");
        assert_eq!(&clock.time_of_day(1_500_000_000), b"00:00:00");
    }

    #[test]
    fn time_out_of_range_is_shown_as_unknown() {
        assert_eq!(&clock().time_of_day(u64::MAX), b"23:34:32");
        assert_eq!(&hms(u64::MAX, &TimeZone::UTC), b"??:??:??");
    }
}
