//! The members of a tracepoint's records, as the kernel describes them.

use std::fs;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use bpfapps_explain::Failure;

use super::words::{self, Words};
use super::{Finding, Hooks, tracefs};

/// The layout of a tracepoint's records, from its `format` in tracefs.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    members: Vec<Member>,
}

#[derive(Debug, PartialEq, Eq)]
struct Member {
    name: String,
    offset: usize,
    size: usize,
    content: Content,
    words: Option<Words>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Signed,
    Unsigned,
    /// An int in eight bytes, as the arguments of system calls are: the upper half is chance
    Half,
    Pointer,
    /// A string in the field itself
    Text,
    /// A string elsewhere in the record: the field says where, and how long it is. Relative to the
    /// end of the field in newer tracepoints
    TextAt {
        relative: bool,
    },
    /// Numbers and other content, shown as hexadecimal bytes
    Bytes,
}

/// The content of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'record> {
    /// A number that may be negative
    Signed(i64),
    /// Any other number
    Unsigned(u64),
    /// The address of something
    Pointer(u64),
    /// A number as the words that the format has for it: of an enum, or flags
    Words(String),
    /// Text
    Text(&'record [u8]),
    /// Neither of these
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
            match Hooks::with_tracefs().tracepoint(tracepoint) {
                Finding::Absent(absent) => {
                    let what = format!("this kernel has no tracepoint {tracepoint}");
                    let what = format!("{what}: {}: {err}", file.display());
                    Error::new(Failure::new(what, absent.hint()).code(absent.code))
                }
                _ => Error::new(err).context(format!("failed to read {}", file.display())),
            }
        })?;
        text.parse()
            .with_context(|| format!("{} makes no sense", file.display()))
    }

    /// The length of a record that BPF programs may read, in bytes: the end of its last
    /// member; 0 if it has none of its own.
    pub fn length(&self) -> u64 {
        let last = self.members.last();
        let last = last.filter(|member| !member.name.starts_with("common_"));
        last.map_or(0, |member| (member.offset + member.size) as u64)
    }

    /// The members of a record by name, without those that every tracepoint has.
    pub fn values<'record>(
        &self,
        record: &'record [u8],
    ) -> impl Iterator<Item = (&str, Value<'record>)> {
        let own = self
            .members
            .iter()
            .filter(|member| !member.name.starts_with("common_"));
        own.filter_map(|member| Some((&*member.name, member.value(record)?)))
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(format: &str) -> Result<Self> {
        let lines = format.lines().map(str::trim);
        let lines = lines.filter_map(|line| line.strip_prefix("field:"));
        let members: Option<Vec<_>> = lines.map(Member::parse).collect();
        let Some(mut members) = members.filter(|members| !members.is_empty()) else {
            bail!("it lists no fields")
        };
        let mut all = words::parse(format);
        for member in &mut members {
            let at = all.iter().position(|(name, _)| *name == member.name);
            member.words = at.map(|at| all.swap_remove(at).1);
        }
        Ok(Self { members })
    }
}

impl Member {
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
        let content = match ty {
            "__data_loc char[]" => Content::TextAt { relative: false },
            "__rel_loc char[]" => Content::TextAt { relative: true },
            "char" if array.is_some() => Content::Text,
            _ if array.is_some() || ty.starts_with("__") && ty.contains("_loc ") => Content::Bytes,
            _ if !matches!(size, 1 | 2 | 4 | 8) => Content::Bytes,
            _ if ty.ends_with('*') => Content::Pointer,
            "int" if size == 8 => Content::Half,
            _ if signed == 1 => Content::Signed,
            _ => Content::Unsigned,
        };
        Some(Self {
            name: array.unwrap_or(name).to_owned(),
            offset,
            size,
            content,
            words: None,
        })
    }

    /// `None` if the record is too short.
    fn value<'record>(&self, record: &'record [u8]) -> Option<Value<'record>> {
        let end = self.offset.checked_add(self.size)?;
        let bytes = record.get(self.offset..end)?;
        if let Some(words) = &self.words
            && matches!(
                self.content,
                Content::Signed | Content::Unsigned | Content::Half
            )
            && let Some(words) = words.of(unsigned(bytes), self.size)
        {
            return Some(Value::Words(words));
        }
        Some(match self.content {
            Content::Pointer => Value::Pointer(unsigned(bytes)),
            Content::Half => Value::Signed((unsigned(bytes) as i32).into()),
            Content::Signed => Value::Signed(signed(bytes)),
            Content::Unsigned => Value::Unsigned(unsigned(bytes)),
            Content::Text => Value::Text(text(bytes)),
            Content::Bytes => Value::Bytes(bytes),
            Content::TextAt { relative } => {
                let place = usize::try_from(unsigned(bytes)).ok()?;
                let start = (place & 0xffff) + if relative { end } else { 0 };
                let end = (start + (place >> 16)).min(record.len());
                Value::Text(text(record.get(start..end)?))
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

/// The bytes before the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
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
        print fmt: \"errno=%d\", __print_symbolic(REC->errno, { 1, \"EPERM\" })\n";

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

    fn values(record: &[u8]) -> Vec<(String, Value<'_>)> {
        let layout: Layout = FORMAT.parse().expect("a layout");
        let values = layout.values(record);
        values
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn members_have_names_and_values() {
        let record = record();
        let expected = [
            ("errno", Value::Signed(-2)),
            ("comm", Value::Text(b"a\nb")),
            ("name", Value::Text(b"sh!")),
            ("mac", Value::Bytes(&[0xbe, 0xef])),
            ("file", Value::Pointer(17)),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        assert_eq!(values(&record), expected);
        let mut refused = record.clone();
        refused[8..12].copy_from_slice(&1_i32.to_ne_bytes());
        assert_eq!(values(&refused)[0].1, Value::Words("EPERM".into()));
        // a short record has the members that fit
        assert_eq!(values(&record[..20]), expected[..2]);
        assert_eq!(values(&[]), []);
    }

    #[test]
    fn int_of_a_system_call_has_a_sign() {
        let format = "field:int dfd;\toffset:0;\tsize:8;\tsigned:0;\n";
        let layout: Layout = format.parse().expect("a layout");
        let record = u64::from(u32::MAX - 99).to_ne_bytes();
        let (_, value) = layout.values(&record).next().expect("a value");
        assert_eq!(value, Value::Signed(-100));
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
