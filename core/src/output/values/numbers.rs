use super::{Scalar, Value};
use crate::output::{push_decimal, push_hex, push_hundredths, push_ms, push_signed};

macro_rules! integers {
    ($push:ident, $scalar:ident: $($number:ty),*) => {
        $(impl Value for $number {
            #[inline]
            fn show(&self, out: &mut Vec<u8>) {
                $push((*self).into(), out);
            }

            #[inline]
            fn scalar(&self) -> Scalar<'_> {
                Scalar::$scalar((*self).into())
            }
        })*
    };
}

integers!(push_decimal, Number: u8, u16, u32, u64);
integers!(push_signed, Signed: i8, i16, i32, i64);

/// `bpfapps_bool`.
impl Value for bool {
    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"yes" } else { b"no" });
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Flag(*self)
    }
}

/// `bpfapps_ns`: a duration in nanoseconds; the table has milliseconds.
#[derive(Debug)]
pub struct Ns(pub u64);

impl Value for Ns {
    #[inline]
    fn show(&self, out: &mut Vec<u8>) {
        push_ms(self.0, out);
    }

    #[inline]
    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.0)
    }
}

/// `bpfapps_bytes`: a number of bytes; from 10 KiB on the table has a unit, and one decimal.
#[derive(Debug)]
pub struct Bytes(pub u64);

impl Value for Bytes {
    fn show(&self, out: &mut Vec<u8>) {
        const UNITS: &[u8] = b"KMGTPE";
        if self.0 < 10 << 10 {
            return push_decimal(self.0, out);
        }
        let unit = (self.0.ilog2() / 10) as usize;
        let tenths = (u128::from(self.0) * 10) >> (10 * unit);
        push_decimal((tenths / 10) as u64, out);
        out.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8, UNITS[unit - 1]]);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.0)
    }
}

/// `bpfapps_hex`: a number in hexadecimal, as text in documents too, as a number of JSON is exact to
/// 53 bits only.
#[derive(Debug)]
pub struct Hex(pub u64);

impl Value for Hex {
    fn show(&self, out: &mut Vec<u8>) {
        let bytes = self.0.to_be_bytes();
        let zero = bytes.iter().take_while(|byte| **byte == 0).count();
        out.extend_from_slice(b"0x");
        push_hex(&bytes[zero.min(7)..], out);
    }

    fn scalar(&self) -> Scalar<'_> {
        let mut text = Vec::new();
        self.show(&mut text);
        Scalar::Text(text.into())
    }
}

/// `bpfapps_percent`: hundredths of a percent.
#[derive(Debug)]
pub struct Percent(pub u32);

impl Value for Percent {
    fn show(&self, out: &mut Vec<u8>) {
        push_hundredths(self.0.into(), out);
        out.push(b'%');
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Hundredths(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::one;
    use super::*;

    fn same(text: &str) -> (String, String) {
        (text.to_owned(), text.to_owned())
    }

    fn pair(table: &str, json: &str) -> (String, String) {
        (table.to_owned(), json.to_owned())
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(one(&u64::MAX), same("18446744073709551615"));
        assert_eq!(one(&i64::MIN), same("-9223372036854775808"));
        assert_eq!(one(&7_u8), same("7"));
        assert_eq!(one(&true), pair("yes", "true"));
        assert_eq!(one(&Ns(1_500_250_999)), pair("1500.250", "1500250999"));
        assert_eq!(one(&Hex(0)), pair("0x00", "\"0x00\""));
        assert_eq!(
            one(&Hex(u64::MAX - 1)),
            pair("0xfffffffffffffffe", "\"0xfffffffffffffffe\"")
        );
        assert_eq!(one(&Percent(1_204)), pair("12.04%", "12.04"));
    }

    #[test]
    fn many_bytes_have_a_unit() {
        assert_eq!(one(&Bytes(10_239)), same("10239"));
        assert_eq!(one(&Bytes(10_240)), pair("10.0K", "10240"));
        assert_eq!(one(&Bytes((1 << 20) - 1)), pair("1023.9K", "1048575"));
        assert_eq!(one(&Bytes(3 << 29)), pair("1.5G", "1610612736"));
        assert_eq!(one(&Bytes(u64::MAX)).0, "15.9E");
    }
}
