use super::style::PLAIN;

/// Cuts the row at `start` to `width` cells, and marks the cut with `…`.
pub(super) fn fit(out: &mut Vec<u8>, start: usize, width: usize) {
    // A cell takes at least one byte, so most rows need no closer check.
    if out.len() - start <= width {
        return;
    }
    let Some(end) = end_of(&out[start..], width) else {
        return;
    };
    let styled = out[start..].contains(&b'\x1b');
    out.truncate(start + end);
    out.extend_from_slice("…".as_bytes());
    if styled {
        out.extend_from_slice(PLAIN);
    }
}

/// Bytes of `row` that fit beside a `…`, or `None` if the whole row fits.
fn end_of(row: &[u8], width: usize) -> Option<usize> {
    let text = str::from_utf8(row).ok()?;
    let (mut used, mut end) = (0, 0);
    let mut escape = false;
    for (position, c) in text.char_indices() {
        // The only escape sequences are our own, which `m` ends.
        escape |= c == '\x1b';
        if escape {
            escape = c != 'm';
            continue;
        }
        if used < width {
            end = position;
        }
        used += cells(c);
        if used > width {
            return Some(end);
        }
    }
    None
}

/// Width on a terminal. An ambiguous character counts as wide: a row that ends early is better than
/// one that wraps.
fn cells(c: char) -> usize {
    if c < '\u{1100}' { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fitted(row: &str, width: usize) -> String {
        let mut out = format!("before\n{row}").into_bytes();
        fit(&mut out, "before\n".len(), width);
        let out = String::from_utf8(out).expect("UTF-8");
        out.strip_prefix("before\n").expect("untouched").to_owned()
    }

    #[test]
    fn row_ends_where_the_line_does() {
        assert_eq!(fitted("12345", 5), "12345");
        assert_eq!(fitted("123456", 5), "1234…");
        assert_eq!(fitted("äöüäö", 5), "äöüäö");
        assert_eq!(fitted("äöüäöü", 5), "äöüä…");
        assert_eq!(fitted("a日本語", 5), "a日…");
        assert_eq!(fitted("日本", 4), "日本");
        assert_eq!(fitted("123", 1), "…");
    }

    #[test]
    fn colours_take_no_place_and_end_with_the_row() {
        assert_eq!(fitted("\x1b[31m12345\x1b[0m", 5), "\x1b[31m12345\x1b[0m");
        assert_eq!(fitted("\x1b[31m123456\x1b[0m", 5), "\x1b[31m1234…\x1b[0m");
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_its_line(row in "[a-zä日\u{20ac}]{0,40}", width in 1_usize..30) {
            let fitted = fitted(&row, width);
            let used = |text: &str| text.chars().map(|c| if c == '…' { 1 } else { cells(c) }).sum::<usize>();
            prop_assert!(used(&fitted) <= width, "{fitted}");
            let whole = used(&row) <= width;
            prop_assert_eq!(whole, fitted == row);
        }
    }
}
