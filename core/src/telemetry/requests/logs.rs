//! Events as OTLP logs.

use jiff::Timestamp;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};

use super::event::Event;
use super::values::{any, nanoseconds};

/// The log of an event, which was looked at then.
pub(in crate::telemetry) fn record(app: &str, event: &Event, observed: Timestamp) -> LogRecord {
    LogRecord {
        time_unix_nano: event.time(),
        observed_time_unix_nano: nanoseconds(observed),
        severity_number: SeverityNumber::Info.into(),
        event_name: format!("{app}.{}", event.kind()),
        body: Some(any(&event.kind().into())),
        attributes: event.attributes(),
        ..LogRecord::default()
    }
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
        let record = record("procs", &Event::parse(document), Timestamp::now());
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
