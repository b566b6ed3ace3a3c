//! The JSON Schema of what an app prints, made of the documents that it says it prints.

use bpfapps_core::{Document, Field, Kind, Registration, stages};
use serde_json::{Map, Value, json};

/// The schema of an app's documents; `None` if it has none.
pub(crate) fn of(app: &Registration, binary: &str) -> Option<String> {
    of_documents(&format!("{binary} {}", app.name), app.documents)
}

/// `command` prints them.
fn of_documents(command: &str, documents: &[Document]) -> Option<String> {
    if documents.is_empty() {
        return None;
    }
    let kinds = documents.iter().map(|document| document.kind);
    let kinds = ["ready"].into_iter().chain(kinds);
    let kinds: Vec<_> = kinds.chain(["lost", "clock_step"]).collect();
    let own = documents.iter().map(schema);
    let all = [ready()].into_iter().chain(own);
    let all: Vec<_> = all.chain([lost(), clock_step()]).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": command,
        "description": format!(
            "One document of `{command} --output json`, a line each, or `--output yaml`. Text \
             that is not UTF-8 has U+FFFD for its invalid parts, and all its bytes in hexadecimal \
             in the field of the same name with the suffix _hex."
        ),
        "type": "object",
        "properties": {
            "version": {
                "const": 1,
                "description": "The version of this schema. It grows when a field changes its \
                                meaning or goes, not when one comes."
            },
            "run": {
                "type": "string",
                "pattern": "^[0-9a-f]{16}$",
                "description": "A random number that the documents of one run share."
            },
            "type": { "enum": kinds },
            "time": {
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$",
                "description": "When it happened, by the kernel's clock: UTC as in RFC 3339, with \
                                nanoseconds."
            }
        },
        "required": ["version", "run", "type", "time"],
        "oneOf": all,
        "unevaluatedProperties": false,
        "$defs": { "hex": { "type": "string", "pattern": "^([0-9a-f]{2})*$" } }
    });
    Some(format!("{schema:#}\n"))
}

fn add(field: &Field, properties: &mut Map<String, Value>, patterns: &mut Map<String, Value>) {
    let Field { name, about, .. } = *field;
    let typed = |ty: Value| match about {
        "" => json!({ "type": ty }),
        about => json!({ "type": ty, "description": about }),
    };
    match field.kind {
        Kind::Number | Kind::Counter => properties.insert(name.into(), typed("integer".into())),
        Kind::Decimal => properties.insert(name.into(), typed("number".into())),
        Kind::Numbers => {
            let mut numbers = typed("array".into());
            numbers["items"] = json!({ "type": "integer" });
            properties.insert(name.into(), numbers)
        }
        Kind::Flag => properties.insert(name.into(), typed("boolean".into())),
        Kind::Text => {
            properties.insert(name.into(), typed("string".into()));
            properties.insert(format!("{name}_hex"), json!({ "$ref": "#/$defs/hex" }))
        }
        Kind::Texts => {
            let mut texts = typed("array".into());
            texts["items"] = json!({ "type": "string" });
            properties.insert(name.into(), texts);
            let hex = json!({ "type": "array", "items": { "$ref": "#/$defs/hex" } });
            properties.insert(format!("{name}_hex"), hex)
        }
        Kind::Histogram(_) => {
            for (part, meaning) in HISTOGRAM {
                let about = format!("{about} {meaning}");
                let about = about.trim_start();
                let integer = json!({ "type": "integer", "description": about });
                let list = json!({
                    "type": "array", "items": { "type": "integer" }, "description": about
                });
                let is_list = LISTS.contains(&part);
                let ty = if is_list { list } else { integer };
                properties.insert(format!("{name}_{part}"), ty);
            }
            None
        }
        Kind::Any => patterns.insert(
            format!("^{name}[A-Za-z0-9_]+$"),
            typed(json!(["integer", "string"])),
        ),
    };
}

/// The parts of a histogram, and what each is. Quantiles are missing if there are no values.
const HISTOGRAM: [(&str, &str); 7] = [
    ("count", "The number of values."),
    ("sum", "The sum of all values."),
    (
        "p50",
        "Half of the values are at most this, if those of a bucket are spread evenly.",
    ),
    ("p90", "90 % of the values are at most this, likewise."),
    ("p99", "99 % of the values are at most this, likewise."),
    (
        "from",
        "The least value of each bucket, from the first to the last one that is not empty.",
    ),
    ("buckets", "The number of values in each of these buckets."),
];

/// Those that are lists.
const LISTS: [&str; 2] = ["from", "buckets"];

/// The names that are always there.
fn names(field: &Field) -> Vec<String> {
    let of_histogram = |part: &str| format!("{}_{part}", field.name);
    match field.kind {
        Kind::Histogram(_) => ["count", "sum", "from", "buckets"].map(of_histogram).into(),
        _ => vec![field.name.to_owned()],
    }
}

fn schema(document: &Document) -> Value {
    let mut properties = Map::new();
    let mut patterns = Map::new();
    properties.insert("type".into(), json!({ "const": document.kind }));
    for field in document.fields {
        add(field, &mut properties, &mut patterns);
    }
    let required = document.fields.iter().filter(|field| !field.optional);
    let required: Vec<_> = required.flat_map(names).collect();
    json!({
        "description": document.about,
        "properties": properties,
        "patternProperties": patterns,
        "required": required,
    })
}

fn ready() -> Value {
    json!({
        "description": "The first document: no event after it is missed.",
        "properties": { "type": { "const": "ready" } }
    })
}

fn lost() -> Value {
    let number = |least: u64, about: &str| json!({ "type": "integer", "minimum": least, "description": about });
    json!({
        "description": "Something was lost, noticed now.",
        "properties": {
            "type": { "const": "lost" },
            "stage": {
                "enum": stages().collect::<Vec<_>>(),
                "description": "ring: events that found the ring buffer full. map: entries that \
                 found a map full. program: skipped runs of a BPF program that was preempted; \
                 each may have been an event. export: events that a receiver did not take. output: \
                 events that a file did not take, as on a full disk."
            },
            "cpu": number(0, "On which CPU, for the stages ring and map."),
            "count": number(1, "How many, since the last such document of the stage and CPU."),
            "total": number(1, "How many in all, at this stage.")
        },
        "required": ["stage", "count", "total"]
    })
}

fn clock_step() -> Value {
    json!({
        "description": "The wall clock was set: the times before this document are by the old clock, \
                        its own and those after it by the new one.",
        "properties": {
            "type": { "const": "clock_step" },
            "step_ns": {
                "type": "integer",
                "description": "Forward by so many nanoseconds; back, if negative."
            }
        },
        "required": ["step_ns"]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_names_what_the_documents_have() {
        const DOCUMENTS: &[Document] = &[Document {
            kind: "open",
            about: "A file was opened.",
            fields: &[
                Field::number("pid", "Who."),
                Field::text("file", "Which.").optional(),
                Field::any("arg_", "What the kernel says."),
            ],
        }];
        let schema: Value =
            serde_json::from_str(&of_documents("bpfapps opens", DOCUMENTS).expect("a schema"))
                .expect("JSON");
        assert_eq!(
            schema["properties"]["type"]["enum"],
            json!(["ready", "open", "lost", "clock_step"])
        );
        let open = &schema["oneOf"][1];
        assert_eq!(open["required"], json!(["pid"]));
        assert_eq!(open["properties"]["file_hex"]["$ref"], "#/$defs/hex");
        assert!(open["patternProperties"]["^arg_[A-Za-z0-9_]+$"].is_object());
        assert_eq!(of_documents("bpfapps minimal", &[]), None);
    }
}
