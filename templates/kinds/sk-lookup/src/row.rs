//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "request",
    about: "Somebody asks for a TCP connection.",
    fields: &[
        Field::text("remote", "The address that it comes from."),
        Field::number("remote_port", "The port that it comes from."),
        Field::text("local", "The address that it is for."),
        Field::number("local_port", "The port that it is for."),
        Field::flag("steered", "Whether it goes to the socket that was chosen for its port."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("REMOTE", 23),
        ("LOCAL", 23),
        ("GOES TO", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.parts(|out| push_endpoint(&self.remote, self.remote_port, out));
        line.parts(|out| push_endpoint(&self.local, self.local_port, out));
        line.text(if self.steered == 0 { b"whoever listens" } else { b"the chosen socket" });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("request", self.time_ns);
        fields.text("remote", address(&self.remote).to_string().as_bytes());
        fields.number("remote_port", self.remote_port.into());
        fields.text("local", address(&self.local).to_string().as_bytes());
        fields.number("local_port", self.local_port.into());
        fields.flag("steered", self.steered != 0);
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
            local_port: 7005,
            remote_port: 40000,
            steered: 1,
            local: bytes("192.0.2.1".parse().expect("an address")),
            remote: bytes("192.0.2.2".parse().expect("an address")),
        };
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 192.0.2.2:40000         192.0.2.1:7005          the chosen socket\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"request\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"remote\":\"192.0.2.2\",\"remote_port\":40000,\"local\":\"192.0.2.1\",\
             \"local_port\":7005,\"steered\":true}\n"
        );
    }
}
