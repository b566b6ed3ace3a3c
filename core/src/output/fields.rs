use std::fmt::Write as _;

use bpfapps_explain::is_invisible;

use super::clock::Clock;
use super::values::Scalar;
use super::{Format, Value, push_decimal, push_hex, push_hundredths, push_signed};

/// The version of what every document has in common; an app's schema names it.
const VERSION: u64 = 1;

/// One JSON or YAML document in the making: each call adds a field.
///
/// Formatted by hand for speed, like [`Line`](crate::output::Line). Text from outside can neither
/// break the document nor control a terminal.
#[derive(Debug)]
pub struct Fields<'a> {
    out: &'a mut Vec<u8>,
    clock: &'a mut Clock,
    format: Format,
    started: bool,
}

/// The start of each document, with the id of a run.
pub(super) fn head(format: Format, run: Option<&str>) -> Vec<u8> {
    let (mut head, mut clock) = (Vec::new(), Clock::of_1970());
    let begin: &[u8] = match format {
        Format::Yaml => b"---\n",
        _ => b"{",
    };
    let mut fields = Fields::new(&mut head, &mut clock, format, begin);
    fields.started = false;
    fields.number("version", VERSION);
    if let Some(run) = run {
        fields.text("run", run.as_bytes());
    }
    head
}

impl<'a> Fields<'a> {
    /// `head` is what [`head`] has made for that format.
    pub(super) fn new(
        out: &'a mut Vec<u8>,
        clock: &'a mut Clock,
        format: Format,
        head: &[u8],
    ) -> Self {
        out.extend_from_slice(head);
        Self {
            out,
            clock,
            format,
            started: true,
        }
    }

    /// Writes the first fields of a document: its type, and its time in nanoseconds since boot.
    pub fn kind(&mut self, kind: &str, boot_ns: u64) {
        self.text("type", kind.as_bytes());
        self.name("time");
        self.out.push(b'"');
        self.clock.rfc3339(boot_ns, self.out);
        self.out.push(b'"');
    }

    /// A number.
    pub fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_decimal(number, self.out);
    }

    /// A number that may be negative.
    pub fn signed(&mut self, name: &str, number: i64) {
        self.name(name);
        push_signed(number, self.out);
    }

    /// A member of a record.
    #[inline]
    pub fn value(&mut self, name: &str, value: &impl Value) {
        value.field(name, self);
    }

    pub(super) fn scalar(&mut self, name: &str, scalar: &Scalar<'_>) {
        match scalar {
            Scalar::Text(text) => self.text(name, text),
            other => {
                self.name(name);
                self.push(other);
            }
        }
    }

    /// A list of values. If one of them is text that is not UTF-8, the field `<name>_hex` has the
    /// bytes of all.
    pub(super) fn scalars<V: Value>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = V> + Clone,
    ) {
        self.name(name);
        let mut are_utf8 = true;
        self.out.push(b'[');
        for (index, value) in values.clone().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            are_utf8 &= self.push(&value.scalar());
        }
        self.out.push(b']');
        if !are_utf8 {
            let hex: Vec<_> = values
                .map(|value| match value.scalar() {
                    Scalar::Text(text) => hex(&text),
                    _ => Vec::new(),
                })
                .collect();
            self.list(&format!("{name}_hex"), hex.iter().map(Vec::as_slice));
        }
    }

    /// Returns false for text that is not UTF-8.
    fn push(&mut self, scalar: &Scalar<'_>) -> bool {
        match scalar {
            Scalar::Number(number) => push_decimal(*number, self.out),
            Scalar::Signed(number) => push_signed(*number, self.out),
            Scalar::Hundredths(number) => push_hundredths(*number, self.out),
            Scalar::Flag(flag) => {
                self.out
                    .extend_from_slice(if *flag { b"true" } else { b"false" })
            }
            Scalar::Text(text) => return self.quoted(text),
        }
        true
    }

    /// True or false.
    pub fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.out
            .extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// Text. If it is not UTF-8, it contains U+FFFD for the invalid parts, and the field
    /// `<name>_hex` has all bytes.
    pub fn text(&mut self, name: &str, text: &[u8]) {
        self.name(name);
        if !self.quoted(text) {
            self.text(&format!("{name}_hex"), &hex(text));
        }
    }

    /// A list of texts; where one of them is no UTF-8, the field `<name>_hex` has the bytes of all.
    pub fn texts<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t [u8]> + Clone) {
        if !self.list(name, texts.clone()) {
            let hex: Vec<_> = texts.map(hex).collect();
            self.list(&format!("{name}_hex"), hex.iter().map(Vec::as_slice));
        }
    }

    /// A list as both formats have it; false where not all of it is UTF-8.
    fn list<'t>(&mut self, name: &str, texts: impl Iterator<Item = &'t [u8]>) -> bool {
        self.name(name);
        let mut are_utf8 = true;
        self.out.push(b'[');
        for (index, text) in texts.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            are_utf8 &= self.quoted(text);
        }
        self.out.push(b']');
        are_utf8
    }

    /// False where not all of it is UTF-8.
    fn quoted(&mut self, text: &[u8]) -> bool {
        self.out.push(b'"');
        let is_utf8 = push_text(text, self.format, self.out);
        self.out.push(b'"');
        is_utf8
    }

    fn name(&mut self, name: &str) {
        if self.format == Format::Yaml {
            if self.started {
                self.out.push(b'\n');
            }
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b": ");
        } else {
            self.out
                .extend_from_slice(if self.started { b",\"" } else { b"\"" });
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"\":");
        }
        self.started = true;
    }

    pub(super) fn end(self) {
        self.out.extend_from_slice(if self.format == Format::Yaml {
            b"\n"
        } else {
            b"}\n"
        });
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut hex = Vec::new();
    push_hex(bytes, &mut hex);
    hex
}

/// Appends text without its quotes, and returns true if it is UTF-8.
fn push_text(text: &[u8], format: Format, out: &mut Vec<u8>) -> bool {
    if text
        .iter()
        .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
    {
        out.extend_from_slice(text);
        return true;
    }
    let mut is_utf8 = true;
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_control() || is_invisible(c) => push_escaped(c, format, out),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            is_utf8 = false;
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    is_utf8
}

fn push_escaped(c: char, format: Format, out: &mut Vec<u8>) {
    let mut escaped = String::new();
    // Writing into a string does not fail.
    if format == Format::Yaml && u32::from(c) > 0xffff {
        let _ = write!(escaped, "\\U{:08x}", u32::from(c));
    } else {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    out.extend_from_slice(escaped.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(format: Format, text: &[u8]) -> Vec<u8> {
        let mut clock = Clock::at_boot("2026-01-31T23:59:58.5Z");
        let mut out = Vec::new();
        let mut fields = Fields::new(&mut out, &mut clock, format, &head(format, None));
        fields.kind("exec", 1_500_000_007);
        fields.text("name", text);
        fields.flag("cut", true);
        fields.texts("list", [text, b"", text].into_iter());
        fields.end();
        out
    }

    #[test]
    fn json_is_one_line() {
        assert_eq!(
            String::from_utf8_lossy(&document(Format::Json, b"a")),
            "{\"version\":1,\"type\":\"exec\",\"time\":\"2026-02-01T00:00:00.000000007Z\",\
             \"name\":\"a\",\"cut\":true,\"list\":[\"a\",\"\",\"a\"]}\n"
        );
    }

    #[test]
    fn any_text_comes_back_from_both_formats() {
        let texts = [
            "plain",
            "",
            "quote\" back\\slash",
            "a\nb\rc\td",
            "\u{1b}[2J\u{7}\0",
            "\u{9b}31m",
            "\u{202e}exe",
            "a\u{200b}b\u{feff}",
            "tag\u{e0041}",
            "日本語",
            "- : {x} # y",
            "null",
        ];
        for text in texts {
            let json = document(Format::Json, text.as_bytes());
            let yaml = document(Format::Yaml, text.as_bytes());
            for document in [&json, &yaml] {
                let seen = String::from_utf8(document.clone()).expect("UTF-8");
                let plain = |c: char| c == '\n' || !(c.is_control() || is_invisible(c));
                assert!(seen.chars().all(plain), "{seen:?}");
            }
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            assert_eq!(json["name"], text);
            let yaml: serde_yaml::Value = serde_yaml::from_slice(&yaml).expect("YAML");
            assert_eq!(yaml["name"], text);
            assert!(json.get("name_hex").is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let json: serde_json::Value =
                serde_json::from_slice(&document(Format::Json, &bytes)).expect("JSON");
            let yaml: serde_json::Value =
                serde_yaml::from_slice(&document(Format::Yaml, &bytes)).expect("YAML");
            prop_assert_eq!(&json, &yaml);
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            match String::from_utf8(bytes) {
                Ok(text) => {
                    prop_assert_eq!(&json["name"], &text);
                    prop_assert_eq!(&json["list"][2], &text);
                }
                Err(_) => {
                    prop_assert_eq!(&json["name_hex"], &hex);
                    prop_assert_eq!(&json["list_hex"][2], &hex);
                    prop_assert_eq!(&json["list_hex"][1], "");
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_not_lost() {
        let json = document(Format::Json, b"ok\xff\xfe");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(
            (&json["name"], &json["name_hex"]),
            (&"ok\u{fffd}\u{fffd}".into(), &"6f6bfffe".into())
        );
    }
}
