//! How a socket reads in the table, and in JSON and YAML.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field};

use crate::{state, tcp};

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "socket",
    about: "A socket, as it was at that time.",
    fields: &[
        Field::text("state", "The state, such as established."),
        Field::text("local_address", "The own address."),
        Field::number("local_port", "The own port."),
        Field::text("remote_address", "The other side's address."),
        Field::number("remote_port", "The other side's port; 0 where there is none."),
        Field::number("uid", "The user whose it is."),
        Field::number("receive_queue", "Bytes to be read, or connections to be accepted."),
        Field::number("send_queue", "Bytes that the other side has not acknowledged."),
        Field::number("rtt_us", "The smoothed round-trip time, in microseconds; 0: unknown."),
        Field::number("window", "The congestion window, in packets."),
        Field::number("retransmits", "Packets that were sent again, so far."),
    ],
}];

impl tcp {
    fn local(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.local), self.local_port)
    }

    fn remote(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.remote), self.remote_port)
    }

    fn address(&self, bytes: [u8; 16]) -> IpAddr {
        let [a, b, c, d, ..] = bytes;
        match self.family {
            4 => Ipv4Addr::new(a, b, c, d).into(),
            _ => Ipv6Addr::from(bytes).into(),
        }
    }
}

impl Row for tcp {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("STATE", 12),
        ("LOCAL", 24),
        ("REMOTE", 24),
        ("UID", 5),
        ("RECVQ", 7),
        ("SENDQ", 7),
        ("RTT_MS", 8),
        ("WINDOW", 6),
        ("AGAIN", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(state::name(self.state).as_bytes());
        line.text(self.local().to_string().as_bytes());
        line.text(self.remote().to_string().as_bytes());
        line.number(self.uid.into());
        line.number(self.receive_queue.into());
        line.number(self.send_queue.into());
        line.parts(|out| push_ms(u64::from(self.rtt_us) * 1_000, out));
        line.number(self.window.into());
        line.number(self.retransmits.into());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let (local, remote) = (self.local(), self.remote());
        fields.kind("socket", self.time_ns);
        fields.text("state", state::name(self.state).as_bytes());
        fields.text("local_address", local.ip().to_string().as_bytes());
        fields.number("local_port", local.port().into());
        fields.text("remote_address", remote.ip().to_string().as_bytes());
        fields.number("remote_port", remote.port().into());
        fields.number("uid", self.uid.into());
        fields.number("receive_queue", self.receive_queue.into());
        fields.number("send_queue", self.send_queue.into());
        fields.number("rtt_us", self.rtt_us.into());
        fields.number("window", self.window.into());
        fields.number("retransmits", self.retransmits.into());
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn socket(family: u32) -> tcp {
        let mut socket = tcp {
            time_ns: 3_000_000_000,
            uid: 1000,
            family,
            state: 1,
            receive_queue: 5,
            send_queue: 6,
            rtt_us: 1_234,
            window: 10,
            retransmits: 2,
            local_port: 80,
            remote_port: 50_000,
            ..tcp::default()
        };
        socket.local[..4].copy_from_slice(&[192, 0, 2, 1]);
        socket.remote[15] = 1;
        socket
    }

    #[test]
    fn socket_is_a_row() {
        assert_eq!(
            sample(&socket(4), Format::Table),
            "00:00:03 established  192.0.2.1:80             0.0.0.0:50000            1000  5       \
             6       1.234    10     2\n"
        );
        let row = sample(&socket(6), Format::Table);
        assert!(row.contains(" [c000:201::]:80 ") && row.contains(" [::1]:50000 "), "{row}");
    }

    #[test]
    fn socket_is_a_document() {
        assert_eq!(
            sample(&socket(4), Format::Json),
            "{\"version\":1,\"type\":\"socket\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"state\":\"established\",\"local_address\":\"192.0.2.1\",\"local_port\":80,\
             \"remote_address\":\"0.0.0.0\",\"remote_port\":50000,\"uid\":1000,\
             \"receive_queue\":5,\"send_queue\":6,\"rtt_us\":1234,\"window\":10,\
             \"retransmits\":2}\n"
        );
    }
}
