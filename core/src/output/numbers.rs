//! Numbers as text, formatted by hand: with `std::fmt` a storm of events costs several times as much.

/// Appends `number` in decimal.
pub fn push_decimal(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends `number` in decimal, with its sign if it is negative.
pub fn push_signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    push_decimal(number.unsigned_abs(), out);
}

/// Appends `ns` nanoseconds as milliseconds, to the microsecond: `1234.567`.
pub fn push_ms(ns: u64, out: &mut Vec<u8>) {
    push_decimal(ns / 1_000_000, out);
    out.push(b'.');
    let micros = ns / 1_000 % 1_000;
    out.extend([100, 10, 1].map(|unit| b'0' + (micros / unit % 10) as u8));
}

/// Appends `number` hundredths: `12.34`.
pub(super) fn push_hundredths(number: u64, out: &mut Vec<u8>) {
    push_decimal(number / 100, out);
    let digits = [number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8);
    out.extend([b'.', digits[0], digits[1]]);
}

/// Appends `bytes` as two hexadecimal digits each.
pub fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    for byte in bytes {
        out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_kinds() {
        let mut out = Vec::new();
        push_signed(i64::MIN, &mut out);
        out.push(b' ');
        push_signed(7, &mut out);
        out.push(b' ');
        push_ms(1_234_056_789, &mut out);
        out.push(b' ');
        push_hex(&[0, 0xbe], &mut out);
        assert_eq!(out, b"-9223372036854775808 7 1234.056 00be");
    }

    #[test]
    fn decimal_has_no_leading_zero_and_reaches_the_largest_number() {
        for number in [0, 7, 10, 12345, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(number, &mut out);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
