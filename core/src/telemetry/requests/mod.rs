//! What is sent, in the messages of OTLP:
//! <https://github.com/open-telemetry/opentelemetry-proto>.

mod event;
pub(super) mod logs;
pub(super) mod metrics;
pub(super) mod spans;
mod values;

use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::{Message, encode_length_delimiter};

pub(super) use event::Event;
pub(super) use values::attribute;

/// `resource_logs` of a request, and `resource_spans`.
const OF_RESOURCE: u8 = 1;
/// `resource` in these.
const RESOURCE: u8 = 1;
/// `scope_logs` in these, and `scope_spans`.
const OF_SCOPE: u8 = 2;
/// `scope` in these.
const SCOPE: u8 = 1;
/// `log_records` in these, and `spans`.
const RECORDS: u8 = 2;

/// A request with logs or spans, written one by one: the messages of all of them take more than a
/// megabyte, and malloc keeps it.
#[derive(Debug, Default)]
pub(super) struct Body(Vec<u8>);

impl Body {
    pub(super) fn add(&mut self, record: &impl Message) {
        begin(RECORDS, record.encoded_len(), &mut self.0);
        self.0.extend(record.encode_to_vec());
    }

    /// The request, if there is anything in it.
    pub(super) fn finish(self, app: &str, resource: &Resource) -> Option<Vec<u8>> {
        let Self(mut body) = self;
        if body.is_empty() {
            return None;
        }
        put_before(&mut body, SCOPE, &values::scope(app));
        enclose(&mut body, OF_SCOPE);
        put_before(&mut body, RESOURCE, resource);
        enclose(&mut body, OF_RESOURCE);
        Some(body)
    }
}

/// The key of a member of a message, and its length: its bytes follow.
fn begin(member: u8, length: usize, to: &mut Vec<u8>) {
    /// A member that has a length.
    const DELIMITED: u8 = 2;
    to.push(member << 3 | DELIMITED);
    encode_length_delimiter(length, to).expect("a Vec grows");
}

fn put_before(body: &mut Vec<u8>, member: u8, message: &impl Message) {
    let mut head = Vec::new();
    begin(member, message.encoded_len(), &mut head);
    head.extend(message.encode_to_vec());
    body.splice(0..0, head);
}

fn enclose(body: &mut Vec<u8>, member: u8) {
    let mut head = Vec::new();
    begin(member, body.len(), &mut head);
    body.splice(0..0, head);
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use serde_json::json;

    use super::*;

    fn resource() -> Resource {
        Resource {
            attributes: vec![attribute("host.name", &json!("here"))],
            ..Resource::default()
        }
    }

    #[test]
    fn body_is_the_request_with_its_logs() {
        // one that is longer than a byte can say
        let records = [3, 300].map(|length| LogRecord {
            event_name: "x".repeat(length),
            ..LogRecord::default()
        });
        let mut body = Body::default();
        records.iter().for_each(|record| body.add(record));
        let body = body.finish("procs", &resource()).expect("a body");
        let logs = ScopeLogs {
            scope: Some(values::scope("procs")),
            log_records: records.into(),
            ..ScopeLogs::default()
        };
        let request = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(resource()),
                scope_logs: vec![logs],
                ..ResourceLogs::default()
            }],
        };
        assert_eq!(body, request.encode_to_vec());
    }

    #[test]
    fn spans_have_the_same_members() {
        let span = Span {
            name: "sh".to_owned(),
            ..Span::default()
        };
        let mut body = Body::default();
        body.add(&span);
        let body = body.finish("procs", &resource()).expect("a body");
        let spans = ScopeSpans {
            scope: Some(values::scope("procs")),
            spans: vec![span],
            ..ScopeSpans::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource()),
                scope_spans: vec![spans],
                ..ResourceSpans::default()
            }],
        };
        assert_eq!(body, request.encode_to_vec());
        assert!(Body::default().finish("procs", &resource()).is_none());
    }
}
