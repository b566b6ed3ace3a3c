use std::borrow::Cow;
use std::fmt::Write as _;

/// Appends `text`, escaping everything that is not visible: control characters, line and direction
/// marks, zero-width characters and invalid UTF-8. The backslash is escaped too, so that no two
/// texts look the same.
///
/// It is cheap if nothing needs escaping: every event row can contain a name.
#[inline]
pub fn escape(text: &[u8], out: &mut Vec<u8>) {
    if text
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\')
    {
        return out.extend_from_slice(text);
    }
    escape_parts(text, out);
}

/// [`escape`], returning a string.
pub fn visible(text: &str) -> String {
    let mut visible = Vec::new();
    escape(text.as_bytes(), &mut visible);
    String::from_utf8_lossy(&visible).into_owned()
}

/// Makes a message with untrusted parts safe for a terminal: keeps newlines and tabs, and escapes
/// all other control characters and invisible characters.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| matches!(c, '\n' | '\t') || !(c.is_ascii_control() || is_invisible(c));
    if text.chars().all(is_plain) {
        return text.into();
    }
    let mut printable = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_plain(c) {
            printable.push(c);
        } else {
            printable += &visible(c.encode_utf8(&mut [0; 4]));
        }
    }
    printable.into()
}

/// [`printable`] on one line: untrusted text cannot start a new line.
pub fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

fn escape_parts(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_ascii_control() => push_escaped(c as u8, out),
                c if is_invisible(c) => {
                    let mut escaped = String::new();
                    // writing to a string cannot fail
                    let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
                    out.extend_from_slice(escaped.as_bytes());
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|&byte| push_escaped(byte, out));
    }
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
}

/// True for Unicode control and format characters, line separators, and invisible fillers (Unicode
/// 16, categories Cc, Cf, Zl, Zp, and Default_Ignorable_Code_Point).
pub fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x7f..=0x9f | 0xad | 0x34f | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891
        | 0x8e2 | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffb | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: impl AsRef<[u8]>) -> String {
        let mut out = Vec::new();
        escape(text.as_ref(), &mut out);
        String::from_utf8(out).expect("what is escaped is UTF-8")
    }

    #[test]
    fn visible_text_stays_as_it_is() {
        for text in ["/usr/bin/true", "a b~!", "日本語", "naïve"] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_that_could_move_it() {
        assert_eq!(escaped("a\nb\r\tc"), r"a\nb\r\tc");
        assert_eq!(escaped("\x1b[2J\x1b]0;x\x07"), r"\x1b[2J\x1b]0;x\x07");
        assert_eq!(escaped("\u{9b}31m"), r"\u{9b}31m");
        assert_eq!(escaped("gnp\u{202e}exe"), r"gnp\u{202e}exe");
        assert_eq!(escaped("a\u{200b}b\u{feff}"), r"a\u{200b}b\u{feff}");
        assert_eq!(escaped(b"ok\xff\xc3"), r"ok\xff\xc3");
    }

    /// Reverses `escape`.
    fn unescaped(shown: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = shown;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c != '\\' {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let (kind, after) = rest.split_at(1);
            rest = after;
            match kind {
                "\\" => bytes.push(b'\\'),
                "n" => bytes.push(b'\n'),
                "r" => bytes.push(b'\r'),
                "t" => bytes.push(b'\t'),
                "x" => {
                    bytes.push(u8::from_str_radix(&rest[..2], 16).expect("two hex digits"));
                    rest = &rest[2..];
                }
                _ => {
                    let (hex, after) = rest[1..].split_once('}').expect("braces");
                    let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                    let c = c.expect("a character");
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = after;
                }
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn any_bytes_are_visible_and_come_back(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            text in any::<String>(),
        ) {
            for bytes in [bytes, text.into_bytes()] {
                let shown = escaped(&bytes);
                prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{shown:?}");
                prop_assert_eq!(unescaped(&shown), bytes);
            }
        }
    }

    #[test]
    fn message_keeps_its_lines_and_nothing_else_that_moves() {
        assert_eq!(printable("a \\x1b\n\tb"), "a \\x1b\n\tb");
        assert_eq!(one_line("a\n\x1b"), r"a\n\x1b");
        assert_eq!(printable("a\x1b[2J\r\u{9b}b\0"), r"a\x1b[2J\r\u{9b}b\x00");
    }

    #[test]
    fn a_name_can_not_pretend_to_be_escaped() {
        assert_eq!(escaped(r"a\nb"), r"a\\nb");
    }
}
