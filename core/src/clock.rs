use std::time::Duration;

use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// Turns the kernel's `bpf_ktime_get_boot_ns` into wall clock time.
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
    /// The same for date and time in UTC.
    cached_utc: Option<(u64, String)>,
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
            cached_utc: None,
        })
    }

    /// A clock in UTC on a machine that booted with the year 1970: what it shows is known.
    pub(crate) fn of_1970() -> Self {
        Self {
            boot: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
            cached: None,
            cached_utc: None,
        }
    }

    /// A clock for tests, in UTC.
    #[cfg(test)]
    pub(crate) fn at_boot(boot: &str) -> Self {
        Self {
            boot: boot.parse().expect("a timestamp"),
            zone: TimeZone::UTC,
            cached: None,
            cached_utc: None,
        }
    }

    /// The time now, in nanoseconds since boot.
    ///
    /// # Errors
    ///
    /// The kernel has no boot clock.
    pub(crate) fn now() -> Result<u64> {
        let now =
            clock_gettime(ClockId::CLOCK_BOOTTIME).context("failed to read the boot clock")?;
        Ok(u64::try_from(Duration::from(now).as_nanos())?)
    }

    /// Appends the UTC time of `ns` nanoseconds since boot, as RFC 3339 has it, to the nanosecond.
    pub(crate) fn rfc3339(&mut self, ns: u64, out: &mut Vec<u8>) {
        let (second, fraction) = self.wall(ns);
        if self
            .cached_utc
            .as_ref()
            .is_none_or(|(cached, _)| *cached != second)
        {
            self.cached_utc = Some((second, date_and_time(second)));
        }
        let text = self.cached_utc.as_ref().map_or("", |(_, text)| text);
        out.extend_from_slice(text.as_bytes());
        out.push(b'.');
        let mut unit = 100_000_000;
        while unit > 0 {
            out.push(b'0' + (fraction / unit % 10) as u8);
            unit /= 10;
        }
        out.push(b'Z');
    }

    /// Seconds since 1970, and the nanoseconds beyond.
    fn wall(&self, ns: u64) -> (u64, u32) {
        let wall = self.boot.as_nanosecond() + i128::from(ns);
        let second = u64::try_from(wall / 1_000_000_000).unwrap_or(0);
        (second, (wall % 1_000_000_000) as u32)
    }

    /// `HH:MM:SS`, in local time, of `ns` nanoseconds since boot.
    pub(crate) fn time_of_day(&mut self, ns: u64) -> [u8; 8] {
        let (second, _) = self.wall(ns);
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

/// `2026-11-22T23:19:58`, in UTC.
fn date_and_time(second: u64) -> String {
    let time = i64::try_from(second)
        .ok()
        .and_then(|s| Timestamp::from_second(s).ok());
    let time = time.map(|time| TimeZone::UTC.to_datetime(time).to_string());
    time.unwrap_or_else(|| "0000-00-00T00:00:00".to_owned())
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
        Clock::at_boot("2026-01-31T23:59:58.5Z")
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
