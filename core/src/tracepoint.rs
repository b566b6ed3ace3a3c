//! What the kernel says about a tracepoint: the fields of its records, by their names.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use bpfapps_explain::{Code, did_you_mean, nearest};

use crate::output::{Fields, escape, push_decimal, push_hex, push_signed};
use crate::{Failure, c_bytes, tracefs};

/// How the records of a tracepoint are laid out, as its `format` in tracefs says.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    offset: usize,
    size: usize,
    holds: Holds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Signed,
    Unsigned,
    /// A string in the field itself
    Text,
    /// A string elsewhere in the record: the field says where, and how long it is. Relative to the
    /// end of the field in newer tracepoints
    TextAt {
        relative: bool,
    },
    /// Numbers, or what is nothing here, shown as hexadecimal bytes
    Bytes,
}

/// What a field contains.
enum Value<'record> {
    Signed(i64),
    Unsigned(u64),
    Text(&'record [u8]),
    Bytes(&'record [u8]),
}

impl Layout {
    /// The layout of `tracepoint`, such as `sched/sched_switch`.
    ///
    /// # Errors
    ///
    /// tracefs can't be read, or has no such tracepoint.
    pub fn of(tracepoint: &str) -> Result<Self> {
        let events = tracefs::find_or_mount()?.join("events");
        let file = events.join(tracepoint).join("format");
        let text = fs::read_to_string(&file).map_err(|err| {
            Failure::new(
                format!(
                    "this kernel has no tracepoint {tracepoint}: {}: {err}",
                    file.display()
                ),
                hint_for_missing(tracepoint, &events),
            )
            .code(Code::NO_TRACEPOINT)
        })?;
        text.parse()
            .with_context(|| format!("{} makes no sense", file.display()))
    }

    /// Appends all fields as `name=value`, without those that every tracepoint has.
    pub fn write(&self, record: &[u8], out: &mut Vec<u8>) {
        let mut separator: &[u8] = b"";
        for (field, value) in self.values(record) {
            out.extend_from_slice(separator);
            separator = b" ";
            out.extend_from_slice(field.name.as_bytes());
            out.push(b'=');
            value.write(out);
        }
    }

    /// Adds all fields to a document, with `prefix` before their names.
    pub fn fields(&self, record: &[u8], prefix: &str, fields: &mut Fields<'_>) {
        for (field, value) in self.values(record) {
            let name = format!("{prefix}{}", field.name);
            match value {
                Value::Unsigned(number) => fields.number(&name, number),
                Value::Signed(number) => fields.signed(&name, number),
                Value::Text(text) => fields.text(&name, text),
                Value::Bytes(bytes) => {
                    let mut text = Vec::new();
                    push_hex(bytes, &mut text);
                    fields.text(&name, &text);
                }
            }
        }
    }

    fn values<'record>(
        &self,
        record: &'record [u8],
    ) -> impl Iterator<Item = (&Field, Value<'record>)> {
        let own = self
            .fields
            .iter()
            .filter(|field| !field.name.starts_with("common_"));
        own.filter_map(|field| Some((field, field.value(record)?)))
    }
}

/// What is called like a tracepoint that is not there.
pub(crate) fn hint_for_missing(tracepoint: &str, events: &Path) -> String {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
    };
    let all = folders(events).flat_map(|category| {
        let names = folders(&events.join(&category));
        names.map(move |name| format!("{category}/{name}"))
    });
    let all: Vec<_> = all.filter(|name| events.join(name).is_dir()).collect();
    did_you_mean(&nearest(tracepoint, all.iter().map(String::as_str))).unwrap_or_else(|| {
        format!(
            "ls {} shows those that it has, by category",
            events.display()
        )
    })
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(format: &str) -> Result<Self> {
        let lines = format.lines().map(str::trim);
        let lines = lines.filter_map(|line| line.strip_prefix("field:"));
        let fields: Option<Vec<_>> = lines.map(Field::parse).collect();
        match fields {
            Some(fields) if !fields.is_empty() => Ok(Self { fields }),
            _ => bail!("it lists no fields"),
        }
    }
}

impl Field {
    /// `TYPE NAME; offset:8; size:4; signed:1;`
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (ty, name) = parts.next()?.rsplit_once(' ')?;
        let mut number = |what: &str| -> Option<usize> {
            parts
                .next()?
                .strip_prefix(what)?
                .strip_prefix(':')?
                .parse()
                .ok()
        };
        let (offset, size, signed) = (number("offset")?, number("size")?, number("signed")?);
        let array = name.split_once('[').map(|(name, _)| name);
        let holds = match ty {
            "__data_loc char[]" => Holds::TextAt { relative: false },
            "__rel_loc char[]" => Holds::TextAt { relative: true },
            "char" if array.is_some() => Holds::Text,
            _ if array.is_some() || ty.starts_with("__") && ty.contains("_loc ") => Holds::Bytes,
            _ if !matches!(size, 1 | 2 | 4 | 8) => Holds::Bytes,
            _ if signed == 1 => Holds::Signed,
            _ => Holds::Unsigned,
        };
        Some(Self {
            name: array.unwrap_or(name).to_owned(),
            offset,
            size,
            holds,
        })
    }

    /// `None` where the record ends before.
    fn value<'record>(&self, record: &'record [u8]) -> Option<Value<'record>> {
        let end = self.offset.checked_add(self.size)?;
        let bytes = record.get(self.offset..end)?;
        Some(match self.holds {
            Holds::Signed => Value::Signed(signed(bytes)),
            Holds::Unsigned => Value::Unsigned(unsigned(bytes)),
            Holds::Text => Value::Text(c_bytes(bytes)),
            Holds::Bytes => Value::Bytes(bytes),
            Holds::TextAt { relative } => {
                let place = usize::try_from(unsigned(bytes)).ok()?;
                let start = (place & 0xffff) + if relative { end } else { 0 };
                let end = (start + (place >> 16)).min(record.len());
                Value::Text(c_bytes(record.get(start..end)?))
            }
        })
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    match cfg!(target_endian = "little") {
        true => whole[..bytes.len()].copy_from_slice(bytes),
        false => whole[8 - bytes.len()..].copy_from_slice(bytes),
    }
    u64::from_ne_bytes(whole)
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (unsigned(bytes) as i64) << unused >> unused
}

impl Value<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned(number) => push_decimal(*number, out),
            Self::Signed(number) => push_signed(*number, out),
            Self::Text(text) => escape(text, out),
            Self::Bytes(bytes) => push_hex(bytes, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "name: signal_generate\nID: 190\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
        \tfield:int errno;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:char comm[4];\toffset:12;\tsize:4;\tsigned:0;\n\
        \tfield:__data_loc char[] name;\toffset:16;\tsize:4;\tsigned:0;\n\
        \tfield:u8 mac[2];\toffset:20;\tsize:2;\tsigned:0;\n\
        \tfield:const char * file;\toffset:24;\tsize:8;\tsigned:0;\n\n\
        print fmt: \"errno=%d\", REC->errno\n";

    fn record() -> Vec<u8> {
        let mut record = vec![0; 8];
        record.extend((-2_i32).to_ne_bytes());
        record.extend(b"a\nb\0");
        record.extend((32_u32 | 4 << 16).to_ne_bytes());
        record.extend([0xbe, 0xef, 0, 0]);
        record.extend(17_u64.to_ne_bytes());
        record.extend(b"sh!\0");
        record
    }

    fn shown(record: &[u8]) -> String {
        let mut out = Vec::new();
        let layout: Layout = FORMAT.parse().expect("a layout");
        layout.write(record, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn fields_are_shown_by_name() {
        assert_eq!(
            shown(&record()),
            r"errno=-2 comm=a\nb name=sh! mac=beef file=17"
        );
    }

    #[test]
    fn a_record_that_ends_early_shows_what_it_has() {
        assert_eq!(shown(&record()[..20]), r"errno=-2 comm=a\nb");
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for text in [
            "",
            "field:int x;",
            "field:int x;\toffset:a;\tsize:4;\tsigned:1;",
        ] {
            assert!(text.parse::<Layout>().is_err(), "{text}");
        }
    }
}
