//! From the members of a record to its columns and fields.

use anyhow::{Context, Result, bail};
use libbpf_rs::btf::types::{Array, Int, IntEncoding, MemberAttr, Struct};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, HasSize, TypeId};

use super::enums::Enums;
use super::shape::{Kind, Shape, Tail};
use super::tags::{All, Tags};
use super::vocabulary::{
    self, ADDRESS, BYTES, CHARS, COUNT, DURATION, ENUM, FLAGS, Json, LINEAR, LOG2, Meaning, TEXT,
    TIME, USER_STACK, WORDS,
};

/// A member as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// In documents.
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) json: Json,
    /// Its value in Rust.
    pub(crate) value: String,
    /// Title, least width, and value; `None`: it has no column.
    pub(crate) column: Option<(String, usize, String)>,
    /// The condition for the field to exist; `None` if it always does.
    pub(crate) condition: Option<String>,
    /// The kinds of documents that it is in; none are all.
    pub(crate) only: Vec<String>,
    pub(super) meaning: &'static str,
    /// The bounds of a histogram, in Rust.
    pub(crate) buckets: String,
    /// A histogram with bars below the row.
    pub(crate) has_bars: bool,
    /// In C.
    pub(super) member: String,
}

/// Reads the members of a record.
pub(crate) struct Reader<'a> {
    pub(crate) btf: &'a Btf<'a>,
    pub(crate) tags: &'a All,
    pub(crate) enums: &'a mut Enums,
    pub(crate) shape: Shape,
}

impl Reader<'_> {
    /// Reads the members of `record`, at `path` in Rust and in struct `name` in C.
    pub(crate) fn read(&mut self, record: &Struct<'_>, name: &str, path: &str) -> Result<()> {
        for (index, member) in (0_u32..).zip(record.iter()) {
            let member_name = member.name.and_then(|name| name.to_str());
            let member_name = member_name.context("a member without a name")?;
            if member_name.starts_with("reserved") {
                continue;
            }
            let MemberAttr::Normal { .. } = member.attr else {
                bail!("{name}.{member_name} is a bit field");
            };
            let tags = self.tags.get(&(record.type_id(), Some(index)));
            let tags = tags.cloned().unwrap_or_default();
            if tags.hidden {
                continue;
            }
            if let Some(wrong) = tags.wrong {
                bail!("{name}.{member_name}: {wrong}");
            }
            if let Some(count) = &tags.counted_by
                && !record
                    .iter()
                    .any(|other| other.name.is_some_and(|name| name == &**count))
            {
                bail!("{name}.{member_name}: there is no member {count} that counts it");
            }
            let at = format!("{path}.{}", escaped(member_name));
            self.member(member.ty, member_name, &at, &tags)
                .with_context(|| format!("{name}.{member_name}"))?;
        }
        Ok(())
    }

    fn member(&mut self, ty: TypeId, name: &str, at: &str, tags: &Tags) -> Result<()> {
        let ty: BtfType<'_> = self
            .btf
            .type_by_id(ty)
            .context("BTF names a type it lacks")?;
        let (named, ty) = resolve(ty);
        if named.as_deref() == Some(TIME) {
            if self.shape.time.replace(at.to_owned()).is_some() {
                bail!("a record happens once: this one has two members of type {TIME}");
            }
            return Ok(());
        }
        match named.as_deref() {
            Some(COUNT) => return self.count(name, at, tags),
            Some(LOG2) => return self.histogram(name, at, "Buckets::Log2", tags),
            Some(LINEAR) => {
                let Some((min, step)) = tags.linear else {
                    bail!("a {LINEAR} has no bounds: write BPFAPPS_LINEAR(min, step) behind it");
                };
                let buckets = format!("Buckets::Linear {{ min: {min}, step: {step} }}");
                return self.histogram(name, at, &buckets, tags);
            }
            _ => {}
        }
        if let Ok(inner) = Struct::try_from(ty) {
            let inner_name = inner.name().and_then(|name| name.to_str());
            return self.read(&inner, inner_name.unwrap_or("(anonymous)"), at);
        }
        let meaning = self.meaning(named.as_deref(), ty, tags)?;
        if !tags.kinds.is_empty() {
            return self.kind(ty, name, at, tags);
        }
        self.push(name, at, &meaning, tags)
    }

    /// The meaning of a member.
    fn meaning(&mut self, named: Option<&str>, ty: BtfType<'_>, tags: &Tags) -> Result<Meaning> {
        if let Some(meaning) = named.and_then(vocabulary::named) {
            return Ok(meaning.clone());
        }
        if let Some(named) = named.filter(|named| named.starts_with("bpfapps_")) {
            bail!("there is no type {named} that is shown: see bpfapps/record.h");
        }
        match ty.kind() {
            BtfKind::Int => Ok(vocabulary::number(width(ty.size_of()))),
            BtfKind::Enum => {
                let longest = self.enums.add(ty)?;
                let meaning = if tags.flags { FLAGS } else { ENUM };
                Ok(Meaning {
                    width: longest,
                    ..meaning
                })
            }
            BtfKind::Array => self.array(ty, tags),
            other => bail!("a {other:?} is not shown: give it a type of bpfapps/record.h"),
        }
    }

    fn array(&mut self, ty: BtfType<'_>, tags: &Tags) -> Result<Meaning> {
        let array = Array::try_from(ty).map_err(|_| anyhow::anyhow!("no array"))?;
        let (named, element) = resolve(array.contained_type());
        if named.is_none() && element.kind() == BtfKind::Int {
            let int = Int::try_from(element).map_err(|_| anyhow::anyhow!("no integer"))?;
            match int.name().and_then(|name| name.to_str()) {
                Some("char") => return Ok(CHARS),
                _ if int.bits == 8 && !matches!(int.encoding, IntEncoding::Signed) => {
                    return Ok(BYTES);
                }
                _ => {}
            }
        }
        let element = self.meaning(named.as_deref(), element, &Tags::default())?;
        let json = match element.json {
            Json::Number => Json::Numbers,
            Json::Text => Json::Texts,
            _ => bail!(
                "a list of {} is not shown: write impl Row by hand",
                element.name
            ),
        };
        // the elements of a list are taken by value
        let list = match tags.counted_by {
            Some(_) => "List(counted(&{}, COUNT).iter().map(|&x| VALUE))",
            None => "List({}.iter().map(|&x| VALUE))",
        };
        let value = element.value.replace("&{}", "&x").replace("{}", "x");
        Ok(Meaning {
            name: "list",
            value: list.replace("VALUE", &value).into(),
            width: 24,
            json,
            about: element.about,
        })
    }

    fn kind(&mut self, ty: BtfType<'_>, name: &str, at: &str, tags: &Tags) -> Result<()> {
        let Some(enumeration) = self.enums.get(ty) else {
            bail!("BPFAPPS_KIND is for an enum");
        };
        let mut documents = Vec::new();
        for enumerator in &enumeration.enumerators {
            let about = tags
                .kinds
                .iter()
                .find(|(kind, _)| *kind == enumerator.c_name);
            if let Some((kind, about)) = about {
                documents.push((kind.clone(), enumerator.name.clone(), about.clone()));
            }
        }
        if let Some((kind, _)) = tags
            .kinds
            .iter()
            .find(|(kind, _)| documents.iter().all(|(of, ..)| of != kind))
        {
            bail!("{}", enumeration.has_no(kind));
        }
        let (title, width) = column(name, "", enumeration.longest(), tags);
        let ty = enumeration.rust_name.clone();
        if self.shape.kind.is_some() {
            bail!("a record is of one kind: this is its second member with BPFAPPS_KIND");
        }
        self.shape.kind = Some(Kind {
            member: at.to_owned(),
            ty,
            documents,
        });
        self.shape.fields.push(Field {
            name: String::new(),
            about: String::new(),
            json: Json::Text,
            value: String::new(),
            column: (!tags.no_column).then(|| (title, width, ENUM.value.replace("{}", at))),
            condition: None,
            only: Vec::new(),
            meaning: ENUM.name,
            buckets: String::new(),
            has_bars: false,
            member: at.to_owned(),
        });
        Ok(())
    }

    pub(super) fn push(
        &mut self,
        name: &str,
        at: &str,
        meaning: &Meaning,
        tags: &Tags,
    ) -> Result<()> {
        let mut value = meaning.value.replace("{}", at);
        if let Some(count) = &tags.counted_by {
            if meaning.name != "list" {
                bail!("BPFAPPS_COUNTED_BY is for an array");
            }
            let path = at.rsplit_once('.').map_or("self", |(path, _)| path);
            value = value.replace("COUNT", &format!("{path}.{}", escaped(count)));
        }
        if tags.flags && meaning.name != FLAGS.name {
            bail!("BPFAPPS_FLAGS is for an enum");
        }
        let is_duration = meaning.name == DURATION;
        let is_tail = meaning.name == TEXT || meaning.name == WORDS;
        // the member holds the length of a text of that name
        let shown = if is_tail {
            name.strip_suffix("_len").unwrap_or(name)
        } else {
            name
        };
        if is_tail {
            value = meaning.value.replace("{}", &escaped(shown));
            self.shape.tails.push(Tail {
                name: shown.to_owned(),
                length: at.to_owned(),
            });
        }
        let without_unit = shown.strip_suffix("_ns").filter(|_| is_duration);
        let base = without_unit.unwrap_or(shown);
        let (title, width) = column(
            base,
            if is_duration { "MS" } else { "" },
            meaning.width,
            tags,
        );
        let optional = tags.optional || meaning.name == "bpfapps_errno";
        let condition = optional.then(|| match (meaning.name, meaning.json) {
            (TEXT | WORDS, _) => format!("!self.{}.is_empty()", escaped(shown)),
            ("char" | "bpfapps_comm", _) => format!("!c_bytes(&{at}).is_empty()"),
            ("bpfapps_kernel_stack" | USER_STACK, _) => format!("{at}[0] != 0"),
            ("__u8" | ADDRESS, _) => format!("{at}.iter().any(|&byte| byte != 0)"),
            ("enum", _) => format!("{at}.0 != 0"),
            _ => format!("{at} != 0"),
        });
        self.shape.fields.push(Field {
            name: if is_duration {
                format!("{base}_ns")
            } else {
                shown.to_owned()
            },
            about: tags
                .about
                .clone()
                .unwrap_or_else(|| meaning.about.to_owned()),
            json: meaning.json,
            column: (!tags.no_column).then(|| (title, width, value.clone())),
            value,
            condition,
            only: tags.only.clone(),
            meaning: meaning.name,
            buckets: String::new(),
            has_bars: meaning.json == Json::Histogram && !tags.no_bars,
            member: name.to_owned(),
        });
        Ok(())
    }
}

impl Field {
    /// The names of its fields in a document.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self.json {
            Json::ExitStatus => vec!["exit_code", "signal", "core_dumped"],
            Json::Returned => vec![&self.name, "error"],
            _ => vec![&self.name],
        }
    }

    pub(super) fn is_rate(&self) -> bool {
        self.meaning == COUNT && self.json == Json::Decimal
    }
}

/// Title and width of a column.
fn column(name: &str, unit: &str, width: usize, tags: &Tags) -> (String, usize) {
    if let Some(column) = &tags.column {
        return column.clone();
    }
    let title = match (name, unit) {
        (_, "") => name.to_uppercase(),
        ("duration", unit) => unit.to_owned(),
        (name, unit) => format!("{}_{unit}", name.to_uppercase()),
    };
    let width = width.max(title.len());
    (title, width)
}

/// Column width for an integer of that size: for likely values, not for the largest.
fn width(bytes: usize) -> usize {
    match bytes {
        1 => 3,
        2 => 5,
        4 => 7,
        _ => 10,
    }
}

/// The first typedef of ours, and the underlying type.
fn resolve(mut ty: BtfType<'_>) -> (Option<String>, BtfType<'_>) {
    let mut named = None;
    loop {
        let name = ty.name().and_then(|name| name.to_str()).unwrap_or_default();
        match ty.kind() {
            BtfKind::Typedef if named.is_none() && name.starts_with("bpfapps_") => {
                named = Some(name.to_owned());
            }
            BtfKind::Typedef | BtfKind::Const | BtfKind::Volatile | BtfKind::TypeTag => {}
            _ => return (named, ty),
        }
        match ty.next_type() {
            Some(next) => ty = next,
            None => return (named, ty),
        }
    }
}

trait SizeOf {
    fn size_of(&self) -> usize;
}

impl SizeOf for BtfType<'_> {
    fn size_of(&self) -> usize {
        Int::try_from(*self).map_or(8, |int| int.size())
    }
}

/// A member's name in Rust.
pub(super) fn escaped(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "dyn", "fn", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "pub", "ref", "trait", "type", "unsafe", "use", "where",
    ];
    match KEYWORDS.contains(&name) {
        true => format!("r#{name}"),
        false => name.to_owned(),
    }
}
