use super::{Scalar, Value};
use crate::output::{Fields, push_decimal, push_hundredths};

/// A count a second, in hundredths.
#[derive(Debug)]
pub struct PerSecond(pub u64);

impl Value for PerSecond {
    fn show(&self, out: &mut Vec<u8>) {
        push_hundredths(self.0, out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Hundredths(self.0)
    }
}

/// The bounds of the buckets of a histogram, as `bpfapps/histogram.h` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buckets {
    /// 0, 1, 2 to 3, 4 to 7 and so on
    Log2,
    /// Below `min`, and then `step` values each
    Linear {
        /// The end of the first one.
        min: u64,
        /// The width of the others.
        step: u64,
    },
}

impl Buckets {
    /// The least value of a bucket.
    pub(crate) fn from(self, index: usize) -> u64 {
        match self {
            _ if index == 0 => 0,
            Self::Log2 => 1_u64.checked_shl(index as u32 - 1).unwrap_or(u64::MAX),
            Self::Linear { min, step } => min.saturating_add(step.saturating_mul(index as u64 - 1)),
        }
    }
}

/// What the values of a histogram are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds
    Ns,
    /// Bytes
    Bytes,
    /// A number
    None,
}

impl Unit {
    /// Appends a value with three digits or so: `1.02us`, `4K`, `17`.
    pub(crate) fn push(self, value: u64, out: &mut Vec<u8>) {
        match self {
            Self::Ns => {
                let units: [(u64, &[u8]); 4] = [
                    (1_000_000_000, b"s"),
                    (1_000_000, b"ms"),
                    (1_000, b"us"),
                    (1, b"ns"),
                ];
                let fits = |unit: &&(u64, &[u8])| value >= unit.0;
                let (unit, name) = units.iter().find(fits).unwrap_or(&units[3]);
                let (whole, hundredths) = (value / unit, value % unit * 100 / unit);
                match whole {
                    _ if *unit == 1 => push_decimal(whole, out),
                    0..10 => push_hundredths(whole * 100 + hundredths, out),
                    10..100 => {
                        push_decimal(whole, out);
                        out.extend_from_slice(&[b'.', b'0' + (hundredths / 10) as u8]);
                    }
                    _ => push_decimal(whole, out),
                }
                out.extend_from_slice(name);
            }
            Self::Bytes | Self::None => {
                let unit = (value.trailing_zeros() / 10).min(6) as usize;
                if value == 0 || unit == 0 {
                    return push_decimal(value, out);
                }
                push_decimal(value >> (10 * unit), out);
                out.push(b"KMGTPE"[unit - 1]);
            }
        }
    }
}

/// How often values were in each bucket.
#[derive(Debug)]
pub struct Histogram<'a> {
    sum: u64,
    buckets: &'a [u64],
    bounds: Buckets,
    unit: Unit,
}

impl<'a> Histogram<'a> {
    /// `sum` is that of all values.
    pub fn new(sum: u64, buckets: &'a [u64], bounds: Buckets, unit: Unit) -> Self {
        Self {
            sum,
            buckets,
            bounds,
            unit,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(crate) fn unit(&self) -> Unit {
        self.unit
    }

    /// From the first to the last bucket that is not empty: least value, the least value of the next
    /// one if there is one, and count.
    pub(crate) fn used(&self) -> impl Iterator<Item = (u64, Option<u64>, u64)> {
        let first = self.buckets.iter().position(|count| *count > 0);
        let last = self.buckets.iter().rposition(|count| *count > 0);
        let used = first
            .zip(last)
            .map_or(0..0, |(first, last)| first..last + 1);
        used.map(|index| {
            let end = (index + 1 < self.buckets.len()).then(|| self.bounds.from(index + 1));
            (self.bounds.from(index), end, self.buckets[index])
        })
    }

    /// The value that a share of all values, in percent, does not exceed: as if the values of a
    /// bucket were spread evenly over it.
    pub(crate) fn quantile(&self, percent: u64) -> Option<u64> {
        let count = self.count();
        // the number of the value, of values in order
        let wanted = (u128::from(count) * u128::from(percent))
            .div_ceil(100)
            .max(1);
        let mut below = 0_u128;
        for (from, end, here) in self.used() {
            if below + u128::from(here) < wanted {
                below += u128::from(here);
                continue;
            }
            let width = u128::from(end.map_or(0, |end| end - 1 - from));
            let into = width * (wanted - below) / u128::from(here);
            return Some(from + into as u64);
        }
        None
    }
}

/// The quantiles that are shown.
pub(crate) const QUANTILES: [(&str, u64); 3] = [("p50", 50), ("p90", 90), ("p99", 99)];

impl Value for Histogram<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        for (index, (name, percent)) in QUANTILES.into_iter().enumerate() {
            let Some(value) = self.quantile(percent) else {
                return out.push(b'-');
            };
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            self.unit.push(value, out);
        }
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.count())
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        fields.number(&format!("{name}_count"), self.count());
        fields.number(&format!("{name}_sum"), self.sum);
        for (quantile, percent) in QUANTILES {
            if let Some(value) = self.quantile(percent) {
                fields.number(&format!("{name}_{quantile}"), value);
            }
        }
        let used: Vec<_> = self.used().collect();
        fields.scalars(&format!("{name}_from"), used.iter().map(|(from, ..)| *from));
        fields.scalars(
            &format!("{name}_buckets"),
            used.iter().map(|(.., count)| *count),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::shown;
    use super::*;

    fn pushed(unit: Unit, value: u64) -> String {
        let mut out = Vec::new();
        unit.push(value, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn values_have_units() {
        let ns = |value| pushed(Unit::Ns, value);
        assert_eq!([ns(0), ns(999), ns(1024)], ["0ns", "999ns", "1.02us"]);
        assert_eq!([ns(16_384), ns(131_072)], ["16.3us", "131us"]);
        assert_eq!([ns(4_194_304), ns(u64::MAX)], ["4.19ms", "18446744073s"]);
        let none = |value| pushed(Unit::None, value);
        assert_eq!([none(0), none(1000), none(1024)], ["0", "1000", "1K"]);
        assert_eq!([none(1536), none(1 << 20)], ["1536", "1M"]);
    }

    #[test]
    fn quantiles_are_within_their_bucket() {
        let mut buckets = [0; 64];
        buckets[3] = 90;
        buckets[10] = 10;
        let histogram = Histogram::new(5_000, &buckets, Buckets::Log2, Unit::None);
        // 4 to 7, and 512 to 1023
        assert_eq!(histogram.quantile(50), Some(5));
        assert_eq!(histogram.quantile(90), Some(7));
        assert_eq!(histogram.quantile(99), Some(971));
        let (table, _) = shown(&histogram);
        assert_eq!(table, "p50=5 p90=7 p99=971");
    }

    #[test]
    fn buckets_have_the_bounds_of_the_header() {
        let log2: Vec<_> = [0, 1, 2, 3, 63]
            .map(|index| Buckets::Log2.from(index))
            .into();
        assert_eq!(log2, [0, 1, 2, 4, 1 << 62]);
        let linear = Buckets::Linear { min: 10, step: 5 };
        let from: Vec<_> = [0, 1, 2, 63].map(|index| linear.from(index)).into();
        assert_eq!(from, [0, 10, 15, 320]);
    }

    #[test]
    fn document_has_the_buckets_that_are_used() {
        let mut buckets = [0; 64];
        (buckets[1], buckets[3]) = (2, 1);
        let histogram = Histogram::new(7, &buckets, Buckets::Log2, Unit::Ns);
        let (_, json) = shown(&histogram);
        assert_eq!(
            json,
            "\"value_count\":3,\"value_sum\":7,\"value_p50\":1,\"value_p90\":7,\"value_p99\":7,\
             \"value_from\":[1,2,4],\"value_buckets\":[2,0,1]"
        );
        let (table, _) = shown(&Histogram::new(0, &[0; 64], Buckets::Log2, Unit::Ns));
        assert_eq!(table, "-");
    }
}
