use jiff::Timestamp;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use serde_json::Value;

/// What has made the logs and metrics of an app.
pub(super) fn scope(app: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: format!("bpfapps/{app}"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// An attribute of anything.
pub(in crate::telemetry) fn attribute(name: &str, value: &Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

pub(super) fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Any::BoolValue(*flag)),
        Value::String(text) => Some(Any::StringValue(text.clone())),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Some(Any::IntValue(number)),
            // OTLP has signed numbers only
            (None, _) if number.is_u64() => Some(Any::StringValue(number.to_string())),
            (None, number) => number.map(Any::DoubleValue),
        },
        Value::Array(values) => Some(Any::ArrayValue(ArrayValue {
            values: values.iter().map(any).collect(),
        })),
        Value::Object(_) => Some(Any::StringValue(value.to_string())),
    };
    AnyValue { value }
}

pub(super) fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or(0)
}
