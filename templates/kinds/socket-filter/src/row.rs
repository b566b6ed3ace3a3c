//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, protocol, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field};

use crate::event;

/// The flags of TCP, from the lowest bit on.
const FLAGS: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "packet",
    about: "A packet has passed the interface.",
    fields: &[
        Field::flag("outgoing", "Whether it left; on loopback a packet only comes in."),
        Field::text("protocol", "tcp, udp and so on, or a number of IANA's."),
        Field::text("source", "The address that it comes from."),
        Field::number("source_port", "0 where there is none."),
        Field::text("destination", "The address that it goes to."),
        Field::number("destination_port", "0 where there is none."),
        Field::number("bytes", "The length of the whole packet."),
        Field::texts("flags", "Of TCP; else none."),
    ],
}];

impl event {
    fn flags(&self) -> impl Iterator<Item = &'static [u8]> + Clone {
        let set = self.packet.tcp_flags;
        let flags = FLAGS.iter().enumerate();
        flags.filter_map(move |(bit, name)| (set >> bit & 1 == 1).then_some(name.as_bytes()))
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("DIR", 3),
        ("PROTO", 6),
        ("SOURCE", 23),
        ("DESTINATION", 23),
        ("BYTES", 6),
        ("FLAGS", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        let packet = &self.packet;
        line.time(self.time_ns);
        line.text(if self.outgoing == 0 { b"in" } else { b"out" });
        line.text(protocol(packet.protocol).as_bytes());
        line.parts(|out| push_endpoint(&packet.source, packet.source_port, out));
        line.parts(|out| push_endpoint(&packet.destination, packet.destination_port, out));
        line.number(self.bytes.into());
        line.parts(|out| out.extend(self.flags().collect::<Vec<_>>().join(&b' ')));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let packet = &self.packet;
        fields.kind("packet", self.time_ns);
        fields.flag("outgoing", self.outgoing != 0);
        fields.text("protocol", protocol(packet.protocol).as_bytes());
        fields.text("source", address(&packet.source).to_string().as_bytes());
        fields.number("source_port", packet.source_port.into());
        fields.text("destination", address(&packet.destination).to_string().as_bytes());
        fields.number("destination_port", packet.destination_port.into());
        fields.number("bytes", self.bytes.into());
        fields.texts("flags", self.flags());
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
            bytes: 74,
            outgoing: 1,
            ..event::default()
        };
        event.packet.source = bytes("192.0.2.1".parse().expect("an address"));
        event.packet.destination = bytes("2001:db8::1".parse().expect("an address"));
        event.packet.source_port = 40000;
        event.packet.destination_port = 443;
        event.packet.protocol = 6;
        event.packet.tcp_flags = 0x12;
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 out tcp    192.0.2.1:40000         [2001:db8::1]:443       74     SYN ACK\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"packet\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"outgoing\":true,\"protocol\":\"tcp\",\"source\":\"192.0.2.1\",\"source_port\":40000,\
             \"destination\":\"2001:db8::1\",\"destination_port\":443,\"bytes\":74,\
             \"flags\":[\"SYN\",\"ACK\"]}\n"
        );
    }
}
