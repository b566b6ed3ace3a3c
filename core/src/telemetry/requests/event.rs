//! The document of an event, with the names of OpenTelemetry's semantic conventions:
//! <https://opentelemetry.io/docs/specs/semconv/registry/attributes/process/>.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use serde_json::{Map, Value};

use super::values::{attribute, nanoseconds};

/// Fields that the conventions have a name for.
const NAMED: [(&str, &str); 10] = [
    ("args", "process.command_args"),
    ("comm", "process.executable.name"),
    ("container_id", "container.id"),
    ("exe", "process.executable.path"),
    ("exit_code", "process.exit.code"),
    ("pid", "process.pid"),
    ("pod_uid", "k8s.pod.uid"),
    ("ppid", "process.parent_pid"),
    ("tid", "thread.id"),
    ("uid", "process.user.id"),
];

/// Fields that every document has, and that are no attributes.
const COMMON: [&str; 4] = ["version", "run", "type", "time"];

/// What happened.
#[derive(Debug)]
pub(in crate::telemetry) struct Event(Map<String, Value>);

impl Event {
    pub(in crate::telemetry) fn parse(document: &[u8]) -> Self {
        // it was made by us: it is JSON
        Self(serde_json::from_slice(document).unwrap_or_default())
    }

    pub(super) fn text(&self, field: &str) -> &str {
        let value = self.0.get(field).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    pub(super) fn number(&self, field: &str) -> Option<u64> {
        self.0.get(field).and_then(Value::as_u64)
    }

    /// The type of its document.
    pub(super) fn kind(&self) -> &str {
        self.text("type")
    }

    /// In nanoseconds since 1970.
    pub(super) fn time(&self) -> u64 {
        self.text("time").parse().map_or(0, nanoseconds)
    }

    pub(super) fn attributes(&self) -> Vec<KeyValue> {
        let fields = self.0.iter();
        let own = fields.filter(|(name, _)| !COMMON.contains(&name.as_str()));
        own.map(|(name, value)| attribute(&name_of(name), value))
            .collect()
    }
}

/// The name of a field's attribute.
fn name_of(field: &str) -> String {
    let named = NAMED.iter().find(|(known, _)| *known == field);
    named.map_or_else(
        || format!("bpfapps.{field}"),
        |(_, name)| (*name).to_owned(),
    )
}
