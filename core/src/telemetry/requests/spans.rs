//! Events with a duration as OTLP spans.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::event::Event;

/// The span of an event that has a duration. A process is the child of its parent's span, and all
/// spans of a run are one trace.
pub(in crate::telemetry) fn span(event: &Event) -> Option<Span> {
    let duration = event.number("duration_ns")?;
    let run = event.text("run");
    let process = |field: &str| {
        event
            .number(field)
            .map(|pid| id(run, pid))
            .unwrap_or_default()
    };
    let trace = [0, 1].map(|half| id(run, u64::MAX - half)).concat();
    // what is no process has no children: any other number will do
    let own = match event.kind() {
        "exit" => process("pid"),
        _ => id(run, event.time()),
    };
    let parent = match event.kind() {
        "exit" => process("ppid"),
        _ => process("pid"),
    };
    let has_failed = event.number("exit_code").is_some_and(|code| code != 0)
        || !event.text("signal").is_empty()
        || !event.text("error").is_empty();
    let end = event.time();
    Some(Span {
        trace_id: trace,
        span_id: own,
        parent_span_id: parent,
        name: match event.text("comm") {
            "" => event.kind().to_owned(),
            comm => comm.to_owned(),
        },
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: end.saturating_sub(duration),
        end_time_unix_nano: end,
        attributes: event.attributes(),
        status: has_failed.then(|| Status {
            code: StatusCode::Error.into(),
            ..Status::default()
        }),
        ..Span::default()
    })
}

/// An id of 8 bytes, the same for the same number in one run.
fn id(run: &str, number: u64) -> Vec<u8> {
    let mut hasher = DefaultHasher::new();
    (run, number).hash(&mut hasher);
    hasher.finish().to_be_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_a_span_below_that_of_its_parent() {
        let exit = |pid: u32, ppid: u32, code: u32| {
            let text = format!(
                r#"{{"run":"r","type":"exit","time":"1970-01-01T00:00:05Z","pid":{pid},
                "ppid":{ppid},"comm":"sh","duration_ns":2000000000,"exit_code":{code}}}"#
            );
            Event::parse(text.as_bytes())
        };
        let exec = Event::parse(br#"{"type":"exec","pid":7}"#);
        assert!(span(&exec).is_none());
        let [child, parent] = [exit(8, 7, 1), exit(7, 1, 0)].map(|it| span(&it).expect("a span"));
        assert_eq!(child.parent_span_id, parent.span_id);
        assert_eq!(child.trace_id, parent.trace_id);
        assert_eq!((child.trace_id.len(), child.span_id.len()), (16, 8));
        assert_ne!(child.span_id, parent.span_id);
        let times = (child.start_time_unix_nano, child.end_time_unix_nano);
        assert_eq!(times, (3_000_000_000, 5_000_000_000));
        assert!(child.status.is_some() && parent.status.is_none());
        assert_eq!(child.name, "sh");
    }
}
