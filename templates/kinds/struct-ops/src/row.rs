//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "connection",
    about: "A connection has ended that had this congestion control.",
    fields: &[
        Field::text("local", "The address on this side."),
        Field::number("local_port", "The port on this side."),
        Field::text("remote", "The address on the other side."),
        Field::number("remote_port", "The port on the other side."),
        Field::number("duration_ns", "How long it had it, in nanoseconds."),
        Field::number("window", "The congestion window at the end, in segments."),
        Field::number("max_window", "The largest one."),
        Field::number("losses", "How often the window was made smaller."),
        Field::number("threshold", "Of slow start, after the last loss, in segments.").optional(),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("LOCAL", 21),
        ("REMOTE", 21),
        ("MS", 10),
        ("WINDOW", 6),
        ("MAX", 6),
        ("LOSSES", 6),
        ("THRESHOLD", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.parts(|out| push_endpoint(&self.local, self.local_port, out));
        line.parts(|out| push_endpoint(&self.remote, self.remote_port, out));
        line.parts(|out| push_ms(self.duration_ns, out));
        line.number(self.window.into());
        line.number(self.max_window.into());
        line.number(self.losses.into());
        match self.losses {
            0 => line.text(b"-"),
            _ => line.number(self.threshold.into()),
        }
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("connection", self.time_ns);
        fields.text("local", address(&self.local).to_string().as_bytes());
        fields.number("local_port", self.local_port.into());
        fields.text("remote", address(&self.remote).to_string().as_bytes());
        fields.number("remote_port", self.remote_port.into());
        fields.number("duration_ns", self.duration_ns);
        fields.number("window", self.window.into());
        fields.number("max_window", self.max_window.into());
        fields.number("losses", self.losses.into());
        if self.losses > 0 {
            fields.number("threshold", self.threshold.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::net::bytes;
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn event_is_a_row_and_a_document() {
        let event = event {
            time_ns: 3_000_000_000,
            duration_ns: 1_500_250_999,
            window: 12,
            max_window: 40,
            threshold: 20,
            losses: 1,
            local_port: 40000,
            remote_port: 443,
            local: bytes("192.0.2.1".parse().expect("an address")),
            remote: bytes("2001:db8::1".parse().expect("an address")),
            ..event::default()
        };
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 192.0.2.1:40000       [2001:db8::1]:443     1500.250   12     40     1      \
             20\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"connection\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"local\":\"192.0.2.1\",\"local_port\":40000,\"remote\":\"2001:db8::1\",\
             \"remote_port\":443,\"duration_ns\":1500250999,\"window\":12,\"max_window\":40,\
             \"losses\":1,\"threshold\":20}\n"
        );
        let smooth = event { losses: 0, ..event };
        assert!(sample(&smooth, Format::Table).ends_with("40     0      -\n"));
    }
}
