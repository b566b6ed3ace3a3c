//! How an event reads in the table, and in JSON and YAML.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[
    Document {
        kind: "connect",
        about: "A program opens a connection, or sets where a socket sends to.",
        fields: FIELDS,
    },
    Document {
        kind: "denied",
        about: "A program was to open a connection, and this one has denied it.",
        fields: FIELDS,
    },
];

const FIELDS: &[Field] = &[
    Field::number("pid", "The process."),
    Field::number("tid", "Its thread."),
    Field::number("uid", "The user that it runs as."),
    Field::text("comm", "The thread's name, at most 15 bytes."),
    Field::number("cgroup", "The id of the cgroup v2 that it is in."),
    Field::text("address", "Where to."),
    Field::number("port", "The port there."),
];

impl event {
    fn remote(&self) -> SocketAddr {
        let [a, b, c, d, ..] = self.address;
        let address: IpAddr = match self.family {
            4 => Ipv4Addr::new(a, b, c, d).into(),
            _ => Ipv6Addr::from(self.address).into(),
        };
        SocketAddr::new(address, self.port)
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("UID", 5),
        ("VERDICT", 7),
        ("REMOTE", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.uid.into());
        line.text(if self.denied == 0 { b"allowed" } else { b"denied" });
        line.text(self.remote().to_string().as_bytes());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let kind = if self.denied == 0 { "connect" } else { "denied" };
        let remote = self.remote();
        fields.kind(kind, self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.number("uid", self.uid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.number("cgroup", self.cgroup);
        fields.text("address", remote.ip().to_string().as_bytes());
        fields.number("port", remote.port().into());
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn of_sh(family: u16, denied: u32) -> event {
        let mut event = event {
            time_ns: 3_000_000_000,
            cgroup: 77,
            pid: 42,
            tid: 43,
            uid: 1000,
            family,
            port: 443,
            denied,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        event.address[..4].copy_from_slice(&[192, 0, 2, 1]);
        event
    }

    #[test]
    fn event_is_a_row() {
        assert_eq!(
            sample(&of_sh(4, 0), Format::Table),
            "00:00:03 sh               42      1000  allowed 192.0.2.1:443\n"
        );
        assert_eq!(
            sample(&of_sh(6, 1), Format::Table),
            "00:00:03 sh               42      1000  denied  [c000:201::]:443\n"
        );
    }

    #[test]
    fn event_is_a_document() {
        assert_eq!(
            sample(&of_sh(4, 1), Format::Json),
            "{\"version\":1,\"type\":\"denied\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"sh\",\"cgroup\":77,\
             \"address\":\"192.0.2.1\",\"port\":443}\n"
        );
    }
}
