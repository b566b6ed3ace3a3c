//! How an event reads in the table, and in JSON and YAML.

use std::borrow::Cow;

use bpfapps_core::net::{address, push_address, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;
use crate::types::what;

pub(crate) const DOCUMENTS: &[Document] = &[
    Document {
        kind: "lookup",
        about: "A program has looked up a name.",
        fields: &[
            Field::number("pid", "The process."),
            Field::number("tid", "Its thread."),
            Field::text("comm", "The thread's name, at most 15 bytes."),
            Field::text("host", "The name that it looked up, at most 255 bytes."),
            Field::number("duration_ns", "How long it took, in nanoseconds."),
            Field::text("error", "Where it failed: EAI_NONAME and so on, or a number.").optional(),
            Field::text("address", "The first address that was found.").optional(),
        ],
    },
    Document {
        kind: "connect",
        about: "A program connects to an address.",
        fields: &[
            Field::number("pid", "The process."),
            Field::number("tid", "Its thread."),
            Field::text("comm", "The thread's name, at most 15 bytes."),
            Field::text("host", "The name by which the process had looked it up.").optional(),
            Field::text("address", "Where to."),
            Field::number("port", "Which port."),
        ],
    },
];

/// The C library's name for what getaddrinfo returned.
fn error_name(result: i32) -> Cow<'static, str> {
    match result {
        -1 => "EAI_BADFLAGS".into(),
        -2 => "EAI_NONAME".into(),
        -3 => "EAI_AGAIN".into(),
        -4 => "EAI_FAIL".into(),
        -5 => "EAI_NODATA".into(),
        -6 => "EAI_FAMILY".into(),
        -7 => "EAI_SOCKTYPE".into(),
        -8 => "EAI_SERVICE".into(),
        -10 => "EAI_MEMORY".into(),
        -11 => "EAI_SYSTEM".into(),
        other => other.to_string().into(),
    }
}

impl event {
    fn is_lookup(&self) -> bool {
        self.what == what::LOOKUP
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("WHAT", 7),
        ("MS", 8),
        ("HOST", 28),
        ("RESULT", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        if self.is_lookup() {
            line.text(b"lookup");
            line.parts(|out| push_ms(self.duration_ns, out));
        } else {
            line.text(b"connect");
            line.text(b"-");
        }
        line.text(if self.host[0] == 0 { b"-" } else { c_bytes(&self.host) });
        if !self.is_lookup() {
            line.parts(|out| push_endpoint(&self.address, self.port, out));
        } else if self.has_address != 0 {
            line.parts(|out| push_address(&self.address, out));
        } else {
            line.text(error_name(self.result).as_bytes());
        }
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let kind = if self.is_lookup() { "lookup" } else { "connect" };
        fields.kind(kind, self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.text("comm", c_bytes(&self.comm));
        if self.is_lookup() || self.host[0] != 0 {
            fields.text("host", c_bytes(&self.host));
        }
        if self.is_lookup() {
            fields.number("duration_ns", self.duration_ns);
            if self.result != 0 {
                fields.text("error", error_name(self.result).as_bytes());
            }
        }
        if self.has_address != 0 {
            fields.text("address", address(&self.address).to_string().as_bytes());
        }
        if !self.is_lookup() {
            fields.number("port", self.port.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::net::bytes;
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn found() -> event {
        let mut event = event {
            time_ns: 3_000_000_000,
            duration_ns: 12_034_999,
            what: what::LOOKUP,
            has_address: 1,
            pid: 42,
            tid: 43,
            address: bytes("192.0.2.1".parse().expect("an address")),
            host: [0; 256],
            ..event::default()
        };
        event.comm[..4].copy_from_slice(b"curl");
        event.host[..11].copy_from_slice(b"example.com");
        event
    }

    #[test]
    fn events_are_rows() {
        let mut event = found();
        let begin = "00:00:03 curl             42      ";
        let row = |event: &event| sample(event, Format::Table);
        let host = "example.com                 ";
        assert_eq!(row(&event), format!("{begin}lookup  12.034   {host} 192.0.2.1\n"));
        (event.has_address, event.result) = (0, -2);
        assert_eq!(row(&event), format!("{begin}lookup  12.034   {host} EAI_NONAME\n"));
        let mut event = found();
        (event.what, event.port, event.host[0]) = (what::CONNECT, 443, 0);
        assert!(row(&event).ends_with(" connect -        -                            192.0.2.1:443\n"));
    }

    #[test]
    fn events_are_documents() {
        let mut event = found();
        let json = |event: &event, kind: &str, end: &str| {
            let begin = "\"time\":\"1970-01-01T00:00:03.000000000Z\",\"pid\":42,\"tid\":43,\
                         \"comm\":\"curl\",\"host\":\"example.com\",";
            let wanted = ["{\"version\":1,\"type\":\"", kind, "\",", begin, end, "}\n"].concat();
            assert_eq!(sample(event, Format::Json), wanted);
        };
        json(&event, "lookup", "\"duration_ns\":12034999,\"address\":\"192.0.2.1\"");
        (event.what, event.port) = (what::CONNECT, 443);
        json(&event, "connect", "\"address\":\"192.0.2.1\",\"port\":443");
        let mut event = found();
        (event.has_address, event.result) = (0, -99);
        json(&event, "lookup", "\"duration_ns\":12034999,\"error\":\"-99\"");
    }
}
