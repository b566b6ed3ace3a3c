//! The Rust code of a row. People read it: `cargo xtask show` prints it.

use std::fmt::Write as _;

use anyhow::Result;

use super::counted::{self, instead};
use super::field::{Field, escaped};
use super::shape::{Kind, Shape};
use super::vocabulary::Json;

/// The types of `bpfapps_core` that rows are made of.
const PRELUDE: &str = "\
/// The rows of the records, from their header.
mod record_rows {
    #[allow(unused_imports)]
    use std::mem::offset_of;

    #[allow(unused_imports)]
    use ::bpfapps_core::output::values::*;
    #[allow(unused_imports)]
    use ::bpfapps_core::output::{Bars, Columns, Document, Field, Fields, Line, Row, boot_time};
    #[allow(unused_imports)]
    use ::bpfapps_core::{Counted, Event, Result, c_bytes, take};

    use super::types;
";

/// All rows in a module of their own; `enums` are the names of enumerators.
pub(crate) fn module(rows: &[String], enums: &str) -> String {
    format!("\n{PRELUDE}{}{enums}}}\n", rows.concat())
}

/// The row of a record. `document` is its type if it has only one.
pub(crate) fn row(record: &str, document: &str, about: &str, shape: &Shape) -> Result<String> {
    let mut code = String::new();
    let has_tail = !shape.tails.is_empty();
    let row = match has_tail {
        true => format!("{}<'_>", with_tail(record)),
        false => format!("types::{record}"),
    };
    if has_tail {
        tail(&mut code, record, shape)?;
    } else {
        write!(
            code,
            "
    impl Event for types::{record} {{
        type Row<'a> = &'a Self;

        fn row<'a>(&'a self, _: &'a [u8]) -> Result<&'a Self> {{
            Ok(self)
        }}
    }}
"
        )?;
    }
    counted::code(&mut code, record, shape)?;
    writeln!(code, "\n    impl Row for {row} {{")?;
    columns(&mut code, shape)?;
    documents(&mut code, document, about, shape)?;
    write_row(&mut code, shape)?;
    write_fields(&mut code, shape)?;
    write_bars(&mut code, shape)?;
    code.push_str("    }\n");
    Ok(code)
}

/// The type of a record with its texts: `EventRow` for `event`.
fn with_tail(record: &str) -> String {
    let words = record.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect::<String>() + "Row"
}

/// A record with its texts.
fn tail(code: &mut String, record: &str, shape: &Shape) -> Result<()> {
    let tails = || shape.tails.iter().map(|tail| escaped(&tail.name));
    let row = with_tail(record);
    writeln!(code, "\n    pub struct {row}<'a> {{")?;
    writeln!(
        code,
        "        /// The record itself\n        pub record: &'a types::{record},"
    )?;
    for name in tails() {
        writeln!(
            code,
            "        /// The text after it\n        pub {name}: &'a [u8],"
        )?;
    }
    code.push_str("    }\n");
    write!(
        code,
        "
    impl std::ops::Deref for {row}<'_> {{
        type Target = types::{record};

        fn deref(&self) -> &types::{record} {{
            self.record
        }}
    }}

    impl Event for types::{record} {{
        type Row<'a> = {row}<'a>;

        fn row<'a>(&'a self, mut tail: &'a [u8]) -> Result<{row}<'a>> {{
            Ok({row} {{
                record: self,
"
    )?;
    for (name, tail) in tails().zip(&shape.tails) {
        writeln!(
            code,
            "                {name}: take(&mut tail, {})?,",
            tail.length
        )?;
    }
    code.push_str("            })\n        }\n    }\n");
    Ok(())
}

fn columns(code: &mut String, shape: &Shape) -> Result<()> {
    code.push_str("        const COLUMNS: Columns = &[\n");
    if shape.time.is_some() {
        code.push_str("            (\"TIME\", 8),\n");
    }
    for (title, width, _) in shape
        .fields
        .iter()
        .filter_map(|field| field.column.as_ref())
    {
        writeln!(code, "            ({title:?}, {width}),")?;
    }
    code.push_str("        ];\n");
    Ok(())
}

fn documents(code: &mut String, name: &str, about: &str, shape: &Shape) -> Result<()> {
    code.push_str("        const DOCUMENTS: &'static [Document] = &[\n");
    match &shape.kind {
        None => document(code, name, about, shape, None)?,
        Some(kind) => {
            for (enumerator, name, about) in &kind.documents {
                document(code, name, about, shape, Some(enumerator))?;
            }
        }
    }
    code.push_str("        ];\n");
    Ok(())
}

fn document(
    code: &mut String,
    name: &str,
    about: &str,
    shape: &Shape,
    kind: Option<&String>,
) -> Result<()> {
    write!(
        code,
        "            Document {{
                kind: {name:?},
                about: {about:?},
                fields: &[
"
    )?;
    let is_in = |field: &&Field| {
        !field.name.is_empty()
            && (field.only.is_empty() || kind.is_some_and(|kind| field.only.contains(kind)))
    };
    for field in shape.fields.iter().filter(is_in) {
        let Field { name, about, .. } = field;
        let optional = if field.condition.is_some() {
            ".optional()"
        } else {
            ""
        };
        let mut one = |constructor: &str, name: &str, about: &str, optional: &str| {
            writeln!(
                code,
                "                    Field::{constructor}({name:?}, {about:?}){optional},"
            )
        };
        match field.json {
            Json::Number => one("number", name, about, optional)?,
            Json::Decimal => one("decimal", name, about, optional)?,
            Json::Text => one("text", name, about, optional)?,
            Json::Flag => one("flag", name, about, optional)?,
            Json::Numbers => one("numbers", name, about, optional)?,
            Json::Texts => one("texts", name, about, optional)?,
            Json::Counter => one("counter", name, about, optional)?,
            Json::Histogram => writeln!(
                code,
                "                    Field::histogram({name:?}, {about:?}, {}),",
                field.buckets
            )?,
            Json::Returned => {
                one("number", name, about, optional)?;
                one(
                    "text",
                    "error",
                    "The name of the error, if it is one.",
                    ".optional()",
                )?;
            }
            Json::ExitStatus => {
                one("number", "exit_code", "From 0 to 255.", ".optional()")?;
                let about = "The signal that ended it, such as SIGKILL.";
                one("text", "signal", about, ".optional()")?;
                let about = "Whether that signal dumped core.";
                one("flag", "core_dumped", about, ".optional()")?;
            }
        }
    }
    code.push_str("                ],\n            },\n");
    Ok(())
}

/// The condition for a field to exist; `None` if it always does.
fn condition(field: &Field, kind: Option<&Kind>) -> Option<String> {
    let only = kind.filter(|_| !field.only.is_empty()).map(|kind| {
        let (member, ty) = (&kind.member, &kind.ty);
        let one = |only: &String| format!("{member} == types::{ty}::{only}");
        let all: Vec<_> = field.only.iter().map(one).collect();
        all.join(" || ")
    });
    match (only, &field.condition) {
        (Some(only), Some(condition)) if field.only.len() > 1 => {
            Some(format!("({only}) && {condition}"))
        }
        (Some(only), Some(condition)) => Some(format!("{only} && {condition}")),
        (only, condition) => only.or_else(|| condition.clone()),
    }
}

fn write_row(code: &mut String, shape: &Shape) -> Result<()> {
    code.push_str("\n        fn write(&self, line: &mut Line<'_>) {\n");
    if let Some(time) = &shape.time {
        writeln!(code, "            line.time({time});")?;
    }
    for field in &shape.fields {
        let Some((_, _, value)) = &field.column else {
            continue;
        };
        match condition(field, shape.kind.as_ref()) {
            None => writeln!(code, "            line.value(&{value});")?,
            Some(condition) => write!(
                code,
                "            if {condition} {{
                line.value(&{value});
            }} else {{
                {};
            }}
",
                instead(field)
            )?,
        }
    }
    code.push_str("        }\n");
    Ok(())
}

fn write_fields(code: &mut String, shape: &Shape) -> Result<()> {
    if let Some(kind) = &shape.kind {
        write!(
            code,
            "
        fn kind(&self) -> std::borrow::Cow<'static, str> {{
            Enum(&{}).name()
        }}
",
            kind.member
        )?;
    }
    code.push_str("\n        fn fields(&self, fields: &mut Fields<'_>) {\n");
    let time = shape.time.as_deref().unwrap_or("boot_time().unwrap_or(0)");
    writeln!(code, "            fields.kind(&self.kind(), {time});")?;
    for field in shape.fields.iter().filter(|field| !field.name.is_empty()) {
        let Field { name, value, .. } = field;
        match condition(field, shape.kind.as_ref()) {
            None => writeln!(code, "            fields.value({name:?}, &{value});")?,
            Some(condition) => write!(
                code,
                "            if {condition} {{
                fields.value({name:?}, &{value});
            }}
"
            )?,
        }
    }
    code.push_str("        }\n");
    Ok(())
}

/// Histograms have bars below the row.
fn write_bars(code: &mut String, shape: &Shape) -> Result<()> {
    let mut histograms = shape
        .fields
        .iter()
        .filter(|field| field.has_bars)
        .peekable();
    if histograms.peek().is_none() {
        return Ok(());
    }
    code.push_str("\n        fn bars(&self, bars: &mut Bars<'_>) {\n");
    for Field { name, value, .. } in histograms {
        writeln!(code, "            bars.add({name:?}, &{value});")?;
    }
    code.push_str("        }\n");
    Ok(())
}
