//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field};

use crate::event;

const NS_PER_US: u64 = 1_000;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "connection",
    about: "A TCP connection has ended, of those that began after this did.",
    fields: &[
        Field::flag("accepted", "Whether the remote side asked for it; else this one did."),
        Field::text("local", "The address on this side."),
        Field::number("local_port", "The port on this side."),
        Field::text("remote", "The address on the other side."),
        Field::number("remote_port", "The port on the other side."),
        Field::number("duration_ns", "Nanoseconds from when it was established to its end."),
        Field::number("rtt_us", "The smoothed time of a round trip, in microseconds."),
        Field::number("retransmits", "How many segments this side sent again."),
        Field::number("acked", "Bytes that the other side has acknowledged, SYN and FIN included."),
        Field::number("received", "Bytes that came from the other side, FIN included."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("SIDE", 7),
        ("LOCAL", 21),
        ("REMOTE", 21),
        ("MS", 9),
        ("RTT-MS", 7),
        ("AGAIN", 5),
        ("ACKED", 9),
        ("RECEIVED", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(if self.accepted == 0 { b"connect" } else { b"accept" });
        line.parts(|out| push_endpoint(&self.local, self.local_port, out));
        line.parts(|out| push_endpoint(&self.remote, self.remote_port, out));
        line.parts(|out| push_ms(self.duration_ns, out));
        line.parts(|out| push_ms(u64::from(self.rtt_us) * NS_PER_US, out));
        line.number(self.retransmits.into());
        line.number(self.acked);
        line.number(self.received);
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("connection", self.time_ns);
        fields.flag("accepted", self.accepted != 0);
        fields.text("local", address(&self.local).to_string().as_bytes());
        fields.number("local_port", self.local_port.into());
        fields.text("remote", address(&self.remote).to_string().as_bytes());
        fields.number("remote_port", self.remote_port.into());
        fields.number("duration_ns", self.duration_ns);
        fields.number("rtt_us", self.rtt_us.into());
        fields.number("retransmits", self.retransmits.into());
        fields.number("acked", self.acked);
        fields.number("received", self.received);
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
            acked: 1000,
            received: 5,
            rtt_us: 12_034,
            retransmits: 2,
            local_port: 40000,
            remote_port: 443,
            accepted: 0,
            local: bytes("192.0.2.1".parse().expect("an address")),
            remote: bytes("2001:db8::1".parse().expect("an address")),
        };
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 connect 192.0.2.1:40000       [2001:db8::1]:443     1500.250  12.034  2     \
             1000      5\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"connection\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"accepted\":false,\"local\":\"192.0.2.1\",\"local_port\":40000,\
             \"remote\":\"2001:db8::1\",\"remote_port\":443,\"duration_ns\":1500250999,\
             \"rtt_us\":12034,\"retransmits\":2,\"acked\":1000,\"received\":5}\n"
        );
    }
}
