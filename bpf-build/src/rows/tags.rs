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
    pub(crate) optional: bool,
    pub(crate) flags: bool,
    pub(crate) counted_by: Option<String>,
    /// Enumerators, with what a document of each says.
    pub(crate) kinds: Vec<(String, String)>,
    /// Enumerators.
    pub(crate) only: Vec<String>,
    pub(crate) hidden: bool,
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
