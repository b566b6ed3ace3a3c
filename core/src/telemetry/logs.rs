//! Documents of events as OTLP logs, with the names of OpenTelemetry's semantic conventions:
//! <https://opentelemetry.io/docs/specs/semconv/registry/attributes/process/>.

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Map, Value};

use super::values::{any, attribute, nanoseconds, scope};

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

/// A request with these documents.
pub(super) fn request(
    app: &str,
    resource: &Resource,
    documents: &[Box<[u8]>],
) -> ExportLogsServiceRequest {
    let observed = nanoseconds(Timestamp::now());
    let records = documents
        .iter()
        .map(|document| record(app, document, observed));
    let logs = ScopeLogs {
        scope: Some(scope(app)),
        log_records: records.collect(),
        ..ScopeLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource.clone()),
            scope_logs: vec![logs],
            ..ResourceLogs::default()
        }],
    }
}

fn record(app: &str, document: &[u8], observed: u64) -> LogRecord {
    // it was made by us: it is JSON
    let fields: Map<String, Value> = serde_json::from_slice(document).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = text("time").parse().map_or(0, nanoseconds);
    let kind = text("type").to_owned();
    let attributes = fields
        .iter()
        .filter(|(name, _)| !COMMON.contains(&name.as_str()));
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: observed,
        severity_number: SeverityNumber::Info.into(),
        event_name: format!("{app}.{kind}"),
        body: Some(any(&Value::String(kind))),
        attributes: attributes
            .map(|(name, value)| attribute(&name_of(name), value))
            .collect(),
        ..LogRecord::default()
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

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;

    use super::*;

    #[test]
    fn fields_are_attributes_with_the_names_of_the_conventions() {
        let document =
            br#"{"version":1,"run":"r","type":"exit","time":"1970-01-01T00:00:01.000000002Z",
            "pid":7,"comm":"sh","args":["a","b"],"duration_ns":5,"big":18446744073709551615,
            "cut":true}"#;
        let document: Box<[u8]> = document[..].into();
        let request = request("procs", &Resource::default(), &[document]);
        let logs = &request.resource_logs[0].scope_logs[0];
        assert_eq!(logs.scope.as_ref().expect("a scope").name, "bpfapps/procs");
        let record = &logs.log_records[0];
        assert_eq!(
            (record.time_unix_nano, &*record.event_name),
            (1_000_000_002, "procs.exit")
        );
        let value = |name: &str| {
            let found = record
                .attributes
                .iter()
                .find(|attribute| attribute.key == name);
            found.and_then(|attribute| attribute.value.clone()?.value)
        };
        assert_eq!(value("process.pid"), Some(Any::IntValue(7)));
        assert_eq!(
            value("process.executable.name"),
            Some(Any::StringValue("sh".into()))
        );
        assert_eq!(value("bpfapps.duration_ns"), Some(Any::IntValue(5)));
        assert_eq!(
            value("bpfapps.big"),
            Some(Any::StringValue(u64::MAX.to_string()))
        );
        assert_eq!(value("bpfapps.cut"), Some(Any::BoolValue(true)));
        let Some(Any::ArrayValue(args)) = value("process.command_args") else {
            panic!("no list: {record:?}");
        };
        assert_eq!(args.values.len(), 2);
        assert_eq!(record.attributes.len(), 6);
    }
}
