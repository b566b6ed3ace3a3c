//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, protocol, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "flow",
    about: "The first packet of a flow has come to the hook.",
    fields: &[
        Field::flag("dropped", "Whether it was dropped."),
        Field::text("in", "The interface that it came by.").optional(),
        Field::text("out", "The interface that it leaves by, where that is known.").optional(),
        Field::text("protocol", "tcp, udp and so on, or a number of IANA's."),
        Field::text("source", "The address that it comes from."),
        Field::number("source_port", "0 where there is none."),
        Field::text("destination", "The address that it goes to."),
        Field::number("destination_port", "0 where there is none."),
        Field::number("bytes", "The length of this packet, from its IP header on."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("VERDICT", 7),
        ("IN", 8),
        ("OUT", 8),
        ("PROTO", 6),
        ("SOURCE", 23),
        ("DESTINATION", 23),
        ("BYTES", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        let packet = &self.packet;
        line.time(self.time_ns);
        line.text(if self.dropped == 0 { b"accept" } else { b"drop" });
        for name in [&self.r#in, &self.out] {
            line.text(if name[0] == 0 { b"-" } else { c_bytes(name) });
        }
        line.text(protocol(packet.protocol).as_bytes());
        line.parts(|out| push_endpoint(&packet.source, packet.source_port, out));
        line.parts(|out| push_endpoint(&packet.destination, packet.destination_port, out));
        line.number(self.bytes.into());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let packet = &self.packet;
        fields.kind("flow", self.time_ns);
        fields.flag("dropped", self.dropped != 0);
        for (field, name) in [("in", &self.r#in), ("out", &self.out)] {
            if name[0] != 0 {
                fields.text(field, c_bytes(name));
            }
        }
        fields.text("protocol", protocol(packet.protocol).as_bytes());
        fields.text("source", address(&packet.source).to_string().as_bytes());
        fields.number("source_port", packet.source_port.into());
        fields.text("destination", address(&packet.destination).to_string().as_bytes());
        fields.number("destination_port", packet.destination_port.into());
        fields.number("bytes", self.bytes.into());
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::net::bytes;
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn event_is_a_row_and_a_document() {
        let mut event = event {
            time_ns: 3_000_000_000,
            bytes: 60,
            dropped: 1,
            ..event::default()
        };
        event.r#in[..4].copy_from_slice(b"eth0");
        event.packet.source = bytes("192.0.2.1".parse().expect("an address"));
        event.packet.destination = bytes("2001:db8::1".parse().expect("an address"));
        event.packet.source_port = 40000;
        event.packet.destination_port = 443;
        event.packet.protocol = 6;
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 drop    eth0     -        tcp    192.0.2.1:40000         \
             [2001:db8::1]:443       60\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"flow\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"dropped\":true,\"in\":\"eth0\",\"protocol\":\"tcp\",\"source\":\"192.0.2.1\",\
             \"source_port\":40000,\"destination\":\"2001:db8::1\",\"destination_port\":443,\
             \"bytes\":60}\n"
        );
    }
}
