//! A record of `BPFAPPS_COUNTED`: counts, and the key that they belong to.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Struct;

use super::field::{Field, Reader};
use super::shape::Shape;
use super::tags;
use super::tags::Tags;
use super::vocabulary::{self, Json, Meaning};

/// The condition of a field of the key: the record is of one key.
const IS_ONE: &str = "self.other == 0";

/// The structs of such a record.
pub(crate) struct Parts<'btf> {
    pub(crate) key: Struct<'btf>,
    pub(crate) counts: Struct<'btf>,
}

/// The parts of `record`, if it is one.
pub(crate) fn parts<'btf>(
    btf: &'btf Btf<'btf>,
    record: &Struct<'btf>,
    tags: &tags::All,
) -> Option<Parts<'btf>> {
    let tags = (0_u32..).map(|index| tags.get(&(record.type_id(), Some(index))));
    let mut members = record.iter().zip(tags);
    members.find(|(_, tags)| tags.is_some_and(|tags| tags.counted))?;
    let part = |name: &str| {
        let member = record
            .iter()
            .find(|member| member.name.is_some_and(|it| it == name))?;
        btf.type_by_id(member.ty)
    };
    Some(Parts {
        key: part("key")?,
        counts: part("counts")?,
    })
}

impl Reader<'_> {
    /// The fields of the key come first.
    pub(crate) fn counted(&mut self, parts: &Parts<'_>) -> Result<()> {
        self.read(&parts.key, name(&parts.key), "self.key")?;
        if self.shape.time.is_some() || self.shape.kind.is_some() || !self.shape.tails.is_empty() {
            bail!(
                "{}: a key has neither a time, nor kinds, nor texts that follow it",
                name(&parts.key)
            );
        }
        for field in &mut self.shape.fields {
            field.condition = Some(match &field.condition {
                Some(condition) => format!("{IS_ONE} && {condition}"),
                None => IS_ONE.to_owned(),
            });
        }
        let key = self.shape.fields.len();
        self.read(&parts.counts, name(&parts.counts), "self.counts")?;
        let counts = self.shape.fields[key..].iter();
        if let Some(other) = counts.clone().find(|field| !is_count(field)) {
            bail!(
                "{}.{} is neither a bpfapps_count nor a histogram",
                name(&parts.counts),
                other.member
            );
        }
        self.shape.counts = counts
            .filter(|field| field.json == Json::Counter)
            .map(|field| field.value.trim_start_matches("self.").to_owned())
            .collect();
        self.shape.fields.push(other());
        self.shape.is_counted = true;
        Ok(())
    }

    /// A total, and a rate beside it.
    pub(super) fn count(&mut self, name: &str, at: &str, tags: &Tags) -> Result<()> {
        self.push(name, at, &vocabulary::TOTAL, tags)?;
        let about = tags.about.as_deref().unwrap_or("They");
        let rate = Tags {
            about: Some(format!(
                "{} In a second, since the last document.",
                about.trim_end()
            )),
            column: Some(("PER_S".to_owned(), vocabulary::RATE.width)),
            // of further counts it would be in the way
            no_column: tags.no_column || self.shape.fields.iter().any(Field::is_rate),
            ..Tags::default()
        };
        self.push(&format!("{name}_per_second"), at, &vocabulary::RATE, &rate)
    }

    pub(super) fn histogram(
        &mut self,
        name: &str,
        at: &str,
        buckets: &str,
        tags: &Tags,
    ) -> Result<()> {
        let unit = match name {
            name if name.ends_with("_ns") => "Unit::Ns",
            name if name.ends_with("_bytes") => "Unit::Bytes",
            _ => "Unit::None",
        };
        let value = vocabulary::HISTOGRAM
            .value
            .replace("BUCKETS", &format!("{buckets}, {unit}"));
        let meaning = Meaning {
            value: value.into(),
            ..vocabulary::HISTOGRAM
        };
        self.push(name, at, &meaning, tags)?;
        if let Some(field) = self.shape.fields.last_mut() {
            field.buckets = buckets.to_owned();
        }
        Ok(())
    }
}

fn is_count(field: &Field) -> bool {
    [vocabulary::COUNT, vocabulary::LOG2].contains(&field.meaning)
}

/// True of the record of all keys that have none.
fn other() -> Field {
    Field {
        name: "other".to_owned(),
        about: "Keys that are not counted by themselves: too many, or unchanged for too long."
            .to_owned(),
        json: Json::Flag,
        value: "true".to_owned(),
        column: None,
        condition: Some("self.other != 0".to_owned()),
        only: Vec::new(),
        meaning: "integer",
        buckets: String::new(),
        has_bars: false,
        member: "other".to_owned(),
    }
}

/// The code for a column whose field is missing.
pub(super) fn instead(field: &Field) -> &'static str {
    let of_key = |condition: &String| condition.starts_with(IS_ONE);
    match field.condition.as_ref().is_some_and(of_key) {
        true => "line.text(if self.other == 0 { b\"-\" } else { &b\"other\"[..] })",
        false => "line.none()",
    }
}

/// The places of key and counts in the record.
pub(super) fn code(code: &mut String, record: &str, shape: &Shape) -> Result<()> {
    if !shape.is_counted {
        return Ok(());
    }
    write!(
        code,
        "
    impl Counted for types::{record} {{
        const KEY: usize = offset_of!(types::{record}, key);
        const TOTALS: &'static [usize] = &[
"
    )?;
    for total in &shape.counts {
        writeln!(code, "            offset_of!(types::{record}, {total}),")?;
    }
    code.push_str("        ];\n    }\n");
    Ok(())
}

fn name<'btf>(part: &Struct<'btf>) -> &'btf str {
    part.name()
        .and_then(|name| name.to_str())
        .unwrap_or("(anonymous)")
}
