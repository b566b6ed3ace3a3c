//! The tags that the macros of `bpfapps/record.h` put on structs, members and globals.

use std::collections::HashMap;

use libbpf_rs::btf::types::DeclTag;
use libbpf_rs::btf::{Btf, BtfType, ReferencesType, TypeId};

/// The tags of one member, or of a global.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    pub(crate) about: Option<String>,
    /// Title and width.
    pub(crate) column: Option<(String, usize)>,
    pub(crate) no_column: bool,
    pub(crate) no_bars: bool,
    pub(crate) optional: bool,
    pub(crate) flags: bool,
    pub(crate) counted_by: Option<String>,
    /// Enumerators, with what a document of each says.
    pub(crate) kinds: Vec<(String, String)>,
    /// Enumerators.
    pub(crate) only: Vec<String>,
    pub(crate) hidden: bool,
    /// The member of a record with counts by key.
    pub(crate) counted: bool,
    /// Least value and step of a histogram.
    pub(crate) linear: Option<(u64, u64)>,
    /// An unknown tag.
    pub(crate) wrong: Option<String>,
    /// For the global of a record: the type of its document, and its description.
    pub(crate) record: Option<(String, String)>,
}

/// All tags of an object, by type, and by the index of the member for a member's tag.
pub(crate) type All = HashMap<(TypeId, Option<u32>), Tags>;

/// Reads the tags of an object.
pub(crate) fn all(btf: &Btf<'_>) -> All {
    let mut all = All::new();
    for tag in btf.type_by_kind::<DeclTag<'_>>() {
        let Some(text) = tag.name().and_then(|name| name.to_str()) else {
            continue;
        };
        let Some(text) = text.strip_prefix("bpfapps:") else {
            continue;
        };
        let of: BtfType<'_> = tag.referenced_type();
        let tags = all
            .entry((of.type_id(), tag.component_index()))
            .or_default();
        tags.take(text);
    }
    // BTF has them in no promised order
    for tags in all.values_mut() {
        tags.kinds.sort();
    }
    all
}

impl Tags {
    fn take(&mut self, text: &str) {
        let (what, value) = text.split_once(':').unwrap_or((text, ""));
        match what {
            "about" => self.about = Some(value.to_owned()),
            "column" => {
                let (title, width) = value.rsplit_once(':').unwrap_or((value, ""));
                match width.trim().parse() {
                    Ok(width) => self.column = Some((title.to_owned(), width)),
                    Err(_) => {
                        let wrong = format!("the width of column {title} is not a number: {width}");
                        self.wrong = Some(wrong);
                    }
                }
            }
            "no_column" => self.no_column = true,
            "no_bars" => self.no_bars = true,
            "optional" => self.optional = true,
            "flags" => self.flags = true,
            "counted_by" => self.counted_by = Some(value.trim().to_owned()),
            "kind" => {
                let (enumerator, about) = value.split_once(':').unwrap_or((value, ""));
                self.kinds
                    .push((enumerator.trim().to_owned(), about.to_owned()));
            }
            "only" => {
                let names = value.split(',').map(|name| name.trim().to_owned());
                self.only.extend(names.filter(|name| !name.is_empty()));
            }
            "hidden" => self.hidden = true,
            "counted" => self.counted = true,
            "linear" => {
                let numbers = value.split_once(':').and_then(|(min, step)| {
                    Some((integer(min)?, integer(step).filter(|step| *step > 0)?))
                });
                self.linear = numbers;
                if numbers.is_none() {
                    let wrong =
                        format!("BPFAPPS_LINEAR takes two numbers, the second over 0: not {value}");
                    self.wrong = Some(wrong);
                }
            }
            "record" => {
                let (document, about) = value.split_once(':').unwrap_or((value, ""));
                self.record = Some((document.to_owned(), about.to_owned()));
            }
            other => {
                let wrong =
                    format!("there is no tag bpfapps:{other}: use those of bpfapps/record.h");
                self.wrong = Some(wrong);
            }
        }
    }
}

/// A number as C writes it.
fn integer(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(['u', 'U', 'l', 'L']);
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
