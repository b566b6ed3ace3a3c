//! Generates the rows and documents that an app's header declares, as Rust code.

mod code;
pub(crate) mod counted;
mod enums;
mod field;
mod shape;
pub(crate) mod tags;
mod vocabulary;

use anyhow::Result;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Struct;

use crate::record::Declared;
use enums::Enums;
use field::Reader;
use shape::Shape;

/// The Rust code that shows each of the records.
pub(crate) fn code(btf: &Btf<'_>, records: &[Declared<'_>]) -> Result<String> {
    if records.is_empty() {
        return Ok(String::new());
    }
    let tags = tags::all(btf);
    let mut enums = Enums::default();
    let mut rows = Vec::new();
    for Declared { name, ty, anchor } in records {
        let record = tags
            .get(&(*anchor, None))
            .and_then(|tags| tags.record.as_ref());
        let (document, about) = record.map_or((*name, ""), |(document, about)| (document, about));
        match shape(btf, &tags, &mut enums, ty, name) {
            Ok(shape) => rows.push(code::row(name, document, about, &shape)?),
            // the record may not be meant for output
            Err(err) if about.is_empty() && !has_tags(ty, &tags) => {
                rows.push(format!("\n    // {name} is not shown: {err:#}\n"));
            }
            Err(err) => return Err(err),
        }
    }
    Ok(code::module(&rows, &enums.code()?))
}

fn shape(
    btf: &Btf<'_>,
    tags: &tags::All,
    enums: &mut Enums,
    record: &Struct<'_>,
    name: &str,
) -> Result<Shape> {
    let mut reader = Reader {
        btf,
        tags,
        enums,
        shape: Shape::default(),
    };
    match counted::parts(btf, record, tags) {
        Some(parts) => reader.counted(&parts)?,
        None => reader.read(record, name, "self")?,
    }
    let mut shape = reader.shape;
    shape.finish(name, &counts(record, tags))?;
    Ok(shape)
}

/// True if the header has a tag for one of the members.
fn has_tags(record: &Struct<'_>, tags: &tags::All) -> bool {
    let id = record.type_id();
    tags.keys().any(|(ty, _)| *ty == id)
}

/// The members that only count the elements of another one.
fn counts(record: &Struct<'_>, tags: &tags::All) -> Vec<String> {
    let id = record.type_id();
    let of_record = tags.iter().filter(|((ty, _), _)| *ty == id);
    of_record
        .filter_map(|(_, tags)| tags.counted_by.clone())
        .collect()
}
