mod reading;
mod steps;
mod zone;

use anyhow::Result;
use bpfapps_host::caller;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) use reading::Reading;
use reading::TOGETHER;
pub use reading::boot_time;
pub(super) use steps::Steps;

/// The smallest step, in nanoseconds: far above the error of a reading.
const LEAST_STEP: u64 = 1_000_000;

const NS_PER_S: u64 = 1_000_000_000;

/// Turns the kernel's `bpf_ktime_get_boot_ns` into wall clock time.
///
/// The difference of the two clocks changes only if the wall clock is stepped: the kernel slews both
/// alike, and both count suspended time. So it stays the same until [`Clock::follow`] sees a step,
/// and times in between are in the order of the boot clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// The wall clock's time at boot, in nanoseconds since 1970.
    boot_ns: i64,
    zone: TimeZone,
    /// Second of the boot clock, and how it reads: a storm has thousands of events a second.
    cached: Option<(u64, [u8; 8])>,
    /// The cached date and time in UTC.
    cached_utc: Option<(u64, String)>,
}

impl Clock {
    /// A clock in the zone of this machine (`TZ`, or `/etc/localtime`).
    ///
    /// # Errors
    ///
    /// The kernel has no boot clock, or its time is out of range.
    pub(super) fn local() -> Result<Self> {
        Ok(Self {
            boot_ns: Reading::now()?.boot_ns()?,
            zone: caller::act(zone::local)?,
            cached: None,
            cached_utc: None,
        })
    }

    /// A clock in UTC on a machine that booted at the start of 1970, for known output.
    pub(super) fn of_1970() -> Self {
        Self {
            boot_ns: 0,
            zone: TimeZone::UTC,
            cached: None,
            cached_utc: None,
        }
    }

    /// A clock for tests, in UTC.
    #[cfg(test)]
    pub(super) fn at_boot(boot: &str) -> Self {
        Self {
            boot_ns: Reading::at(boot, 0).boot_ns().expect("before 2262"),
            zone: TimeZone::UTC,
            cached: None,
            cached_utc: None,
        }
    }

    /// Follows a step of the wall clock, and returns its nanoseconds: negative ones if it was set
    /// back.
    ///
    /// # Errors
    ///
    /// The wall clock's time is out of range.
    pub(super) fn follow(&mut self, reading: &Reading) -> Result<Option<i64>> {
        let boot_ns = reading.boot_ns()?;
        let step = boot_ns.saturating_sub(self.boot_ns);
        if reading.took > TOGETHER || step.unsigned_abs() < LEAST_STEP {
            return Ok(None);
        }
        self.boot_ns = boot_ns;
        Ok(Some(step))
    }

    /// Appends the UTC time of `ns` nanoseconds since boot in the format of RFC 3339, to the
    /// nanosecond.
    pub(super) fn rfc3339(&mut self, ns: u64, out: &mut Vec<u8>) {
        let (second, mut fraction) = self.wall(ns);
        if self
            .cached_utc
            .as_ref()
            .is_none_or(|(cached, _)| *cached != second)
        {
            self.cached_utc = Some((second, date_and_time(second)));
        }
        let text = self.cached_utc.as_ref().map_or("", |(_, text)| text);
        out.extend_from_slice(text.as_bytes());
        let mut rest = *b".000000000Z";
        for digit in rest[1..10].iter_mut().rev() {
            *digit += (fraction % 10) as u8;
            fraction /= 10;
        }
        out.extend_from_slice(&rest);
    }

    /// Seconds since 1970, and the nanoseconds beyond.
    fn wall(&self, ns: u64) -> (u64, u32) {
        // 64 bits last until 2262; to divide 128 would cost as much as the rest of a row
        let wall = self.boot_ns.saturating_add_unsigned(ns);
        let wall = u64::try_from(wall).unwrap_or(0);
        (wall / NS_PER_S, (wall % NS_PER_S) as u32)
    }

    /// `HH:MM:SS`, in local time, of `ns` nanoseconds since boot.
    pub(super) fn time_of_day(&mut self, ns: u64) -> [u8; 8] {
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
    fn steps_are_followed_and_small_differences_are_not() {
        let mut clock = clock();
        let mut follow = |reading: &Reading| {
            let step = clock.follow(reading).expect("before 2262");
            let mut text = Vec::new();
            clock.rfc3339(NS_PER_S, &mut text);
            (step, String::from_utf8_lossy(&text).into_owned())
        };
        // one second after boot
        let read = |wall: &str| Reading::at(wall, NS_PER_S);
        let first = "2026-01-31T23:59:59.500000000Z";
        assert_eq!(
            follow(&read("2026-01-31T23:59:59.5Z")),
            (None, first.to_owned())
        );
        assert_eq!(
            follow(&read("2026-01-31T23:59:59.5009Z")),
            (None, first.to_owned())
        );
        let late = Reading {
            took: TOGETHER * 2,
            ..read("2026-01-31T23:59:59.9Z")
        };
        assert_eq!(follow(&late), (None, first.to_owned()));

        let forward = "2026-02-01T00:59:59.500000000Z".to_owned();
        let step = Some(3_600_000_000_000);
        assert_eq!(
            follow(&read("2026-02-01T00:59:59.5Z")),
            (step, forward.clone())
        );
        assert_eq!(follow(&read("2026-02-01T00:59:59.5Z")), (None, forward));
        // a leap second
        let back = "2026-02-01T00:59:58.500000000Z".to_owned();
        let step = Some(-1_000_000_000);
        assert_eq!(follow(&read("2026-02-01T00:59:58.5Z")), (step, back));
    }

    #[test]
    fn time_out_of_range_is_shown_as_unknown() {
        // 2262-04-11, the last second of the clock
        assert_eq!(&clock().time_of_day(u64::MAX), b"23:47:16");
        assert_eq!(&hms(u64::MAX, &TimeZone::UTC), b"??:??:??");
    }
}
