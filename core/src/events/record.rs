//! Memory that is shared with the kernel: bytes become typed records, and globals are set.
#![allow(unsafe_code)]

use std::io::Read;
use std::mem::{align_of, size_of};

use anyhow::{Context, Result, bail};

/// A struct that BPF code and Rust share.
///
/// bpf-build implements it for the records of a `.bpf.c`, after it has read their layout in BTF.
///
/// # Safety
///
/// Each byte of the type belongs to an integer, an enum of the C kind, or an array of these, so
/// that any bytes of that length are a value of it.
pub unsafe trait Record: Copy + 'static {
    /// Splits `bytes`, which the kernel aligned to eight bytes, into the record and the bytes after
    /// it.
    ///
    /// # Errors
    ///
    /// `bytes` is shorter than the record, or not aligned for it: the ring buffer is not one of
    /// these records.
    fn from_bytes(bytes: &[u8]) -> Result<(&Self, &[u8])> {
        let Some((_, tail)) = bytes.split_at_checked(size_of::<Self>()) else {
            bail!(
                "a record of {} bytes is shorter than {}",
                bytes.len(),
                size_of::<Self>()
            );
        };
        let record: *const Self = bytes.as_ptr().cast();
        if !record.is_aligned() {
            bail!("a record is not aligned to {} bytes", align_of::<Self>());
        }
        // SAFETY: long enough and aligned, as just checked; any bytes are a value, as the
        // implementer promised; the lifetime is that of `bytes`.
        Ok((unsafe { &*record }, tail))
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// There are not as many bytes, or they can't be read.
    fn read(from: &mut impl Read) -> Result<Self> {
        let mut bytes = vec![0; size_of::<Self>()];
        from.read_exact(&mut bytes)
            .with_context(|| format!("failed to read a record of {} bytes", bytes.len()))?;
        // SAFETY: long enough; any bytes are a value, as the implementer promised.
        Ok(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

/// Sets a global variable of a BPF program that is running: at once, and in this order with what
/// comes before and after it, which an assignment does not promise.
pub(crate) fn set_global<T: Copy>(global: &mut T, value: T) {
    // SAFETY: a reference is valid for writes.
    unsafe { std::ptr::write_volatile(global, value) }
}

/// A byte of C's: `char` is `i8`, `__u8` is `u8`.
///
/// # Safety
///
/// Any value of the type is one of `u8`.
pub unsafe trait Byte {}

// SAFETY: it is one.
unsafe impl Byte for u8 {}

// SAFETY: it has the same size and no invalid values.
unsafe impl Byte for i8 {}

/// A C string in a record: the bytes before the first NUL.
pub fn c_bytes<B: Byte>(field: &[B]) -> &[u8] {
    // SAFETY: the same memory and length; any of these bytes are u8.
    let field: &[u8] = unsafe { std::slice::from_raw_parts(field.as_ptr().cast(), field.len()) };
    let end = field.iter().position(|&byte| byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Fills a C string in a record with as much of `text` as fits.
pub fn set_text<const N: usize>(field: &mut [i8; N], text: &str) {
    field.fill(0);
    for (to, from) in field[..N - 1].iter_mut().zip(text.bytes()) {
        *to = from.cast_signed();
    }
}

/// Takes the bytes of the next text from `tail`.
///
/// # Errors
///
/// `tail` is shorter.
pub fn take<'a>(tail: &mut &'a [u8], length: u16) -> Result<&'a [u8]> {
    let (part, rest) = tail
        .split_at_checked(length.into())
        .context("a record is shorter than it says")?;
    *tail = rest;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    #[repr(C, align(8))]
    struct Sample {
        number: u64,
        bytes: [u8; 8],
    }

    // SAFETY: an integer and an array of integers, without padding.
    unsafe impl Record for Sample {}

    #[repr(align(8))]
    struct Aligned([u8; 24]);

    #[test]
    fn longer_bytes_hold_the_record_at_their_start() {
        let mut bytes = Aligned([7; 24]);
        bytes.0[..8].copy_from_slice(&42_u64.to_ne_bytes());
        bytes.0[16..].fill(9);
        let (sample, tail) = Sample::from_bytes(&bytes.0[..21]).expect("long enough and aligned");
        assert_eq!((sample.number, sample.bytes), (42, [7; 8]));
        assert_eq!(tail, [9; 5]);
    }

    #[test]
    fn short_and_misaligned_bytes_are_refused() {
        let bytes = Aligned([0; 24]);
        let error = |bytes: &[u8]| {
            Sample::from_bytes(bytes)
                .map(|_| ())
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            error(&bytes.0[..15]),
            Err("a record of 15 bytes is shorter than 16".into())
        );
        assert_eq!(
            error(&bytes.0[1..]),
            Err("a record is not aligned to 8 bytes".into())
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_refused(length in 0..24_usize, start in 0..8_usize) {
            let bytes = Aligned([0x5a; 24]);
            let slice = &bytes.0[start.min(length)..length];
            let fits = slice.len() >= 16 && start == 0;
            prop_assert_eq!(Sample::from_bytes(slice).is_ok(), fits);
        }
    }

    #[test]
    fn text_is_cut_to_fit() {
        let mut field = [1; 4];
        set_text(&mut field, "ab");
        assert_eq!(c_bytes(&field), b"ab");
        set_text(&mut field, "abcd");
        assert_eq!(c_bytes(&field), b"abc");
    }

    #[test]
    fn c_bytes_end_before_the_nul_or_with_the_field() {
        assert_eq!(c_bytes(b"sh\0\0"), b"sh");
        assert_eq!(c_bytes(b"full"), b"full");
    }
}
