//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, push_address};
use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "source",
    about: "What has come from an address since it was last reported.",
    fields: &[
        Field::text("source", "The address, IPv4 or IPv6."),
        Field::flag("dropped", "Whether each packet was dropped, or none."),
        Field::number("packets", "How many packets."),
        Field::number("bytes", "How many bytes, the Ethernet headers included."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("SOURCE", 24),
        ("VERDICT", 7),
        ("PACKETS", 10),
        ("BYTES", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.parts(|out| push_address(&self.source, out));
        line.text(if self.dropped == 0 { b"pass" } else { b"drop" });
        line.number(self.packets);
        line.number(self.bytes);
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("source", self.time_ns);
        fields.text("source", address(&self.source).to_string().as_bytes());
        fields.flag("dropped", self.dropped != 0);
        fields.number("packets", self.packets);
        fields.number("bytes", self.bytes);
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
            packets: 3,
            bytes: 252,
            dropped: 1,
            source: bytes("192.0.2.1".parse().expect("an address")),
            ..event::default()
        };
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 192.0.2.1                drop    3          252\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"source\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"source\":\"192.0.2.1\",\"dropped\":true,\"packets\":3,\"bytes\":252}\n"
        );
    }
}
