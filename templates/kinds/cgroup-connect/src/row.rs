//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::net::{address, protocol, push_endpoint};
use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "connect",
    about: "A process has called connect.",
    fields: &[
        Field::number("pid", "The process."),
        Field::number("tid", "Its thread."),
        Field::number("uid", "The user that it runs as."),
        Field::text("comm", "The thread's name, at most 15 bytes."),
        Field::text("protocol", "tcp, udp and so on, or a number of IANA's."),
        Field::text("destination", "The address that it wants."),
        Field::number("destination_port", "The port that it wants."),
        Field::flag("denied", "Whether it was refused, with EPERM."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("UID", 5),
        ("VERDICT", 7),
        ("PROTO", 6),
        ("DESTINATION", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.uid.into());
        line.text(if self.denied == 0 { b"allow" } else { b"deny" });
        line.text(protocol(self.protocol).as_bytes());
        line.parts(|out| push_endpoint(&self.address, self.port, out));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("connect", self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.number("uid", self.uid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.text("protocol", protocol(self.protocol).as_bytes());
        fields.text("destination", address(&self.address).to_string().as_bytes());
        fields.number("destination_port", self.port.into());
        fields.flag("denied", self.denied != 0);
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
            pid: 42,
            tid: 43,
            uid: 1000,
            port: 443,
            protocol: 6,
            denied: 1,
            address: bytes("192.0.2.1".parse().expect("an address")),
            ..event::default()
        };
        event.comm[..4].copy_from_slice(b"curl");
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 curl             42      1000  deny    tcp    192.0.2.1:443\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"connect\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"curl\",\"protocol\":\"tcp\",\
             \"destination\":\"192.0.2.1\",\"destination_port\":443,\"denied\":true}\n"
        );
    }
}
