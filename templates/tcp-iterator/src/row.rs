//! How a socket reads in the table, and in JSON and YAML.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field};
use nix::libc::AF_INET6;

use crate::socket_info;

/// The names of the states, from number 1 on, as ss(8) has them.
pub(crate) const STATES: [&str; 12] = [
    "ESTABLISHED",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSED",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "NEW-SYN-RECV",
];

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "socket",
    about: "A TCP socket, as it was at that time.",
    fields: &[
        Field::text("state", "ESTABLISHED, LISTEN … as ss(8) has them."),
        Field::text("local_address", "The address at this end."),
        Field::number("local_port", "The port at this end."),
        Field::text("remote_address", "The address at the other end."),
        Field::number("remote_port", "The port at the other end; 0 while there is none."),
        Field::number(
            "receive_queue",
            "Bytes that the process has not read; of one that listens: connections that wait.",
        ),
        Field::number(
            "send_queue",
            "Bytes that the peer has not acknowledged; of one that listens: how many may wait.",
        ),
        Field::number("rtt_us", "Smoothed round-trip time, in microseconds; 0 is unknown."),
        Field::number("retransmits", "Segments that were sent again so far."),
        Field::number("uid", "The user whose it is."),
        Field::number("inode", "As in /proc/PID/fd; 0 where no process has it open."),
    ],
}];

impl socket_info {
    fn state_name(&self) -> &'static str {
        let index = usize::from(self.state).wrapping_sub(1);
        STATES.get(index).copied().unwrap_or("UNKNOWN")
    }

    fn address(&self, bytes: [u8; 16]) -> IpAddr {
        if self.family == AF_INET6.unsigned_abs() {
            return Ipv6Addr::from(bytes).into();
        }
        let [a, b, c, d, ..] = bytes;
        Ipv4Addr::new(a, b, c, d).into()
    }

    fn local_end(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.local), self.local_port)
    }

    fn remote_end(&self) -> SocketAddr {
        SocketAddr::new(self.address(self.remote), self.remote_port)
    }
}

impl Row for socket_info {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("STATE", 12),
        ("RECV-Q", 7),
        ("SEND-Q", 7),
        ("RTT_MS", 8),
        ("RETRANS", 7),
        ("UID", 5),
        ("INODE", 8),
        ("LOCAL", 21),
        ("REMOTE", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(self.state_name().as_bytes());
        line.number(self.receive_queue.into());
        line.number(self.send_queue.into());
        line.parts(|out| push_ms(u64::from(self.rtt_us) * 1000, out));
        line.number(self.retransmits.into());
        line.number(self.uid.into());
        line.number(self.inode);
        line.text(self.local_end().to_string().as_bytes());
        line.text(self.remote_end().to_string().as_bytes());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let (local, remote) = (self.local_end(), self.remote_end());
        fields.kind("socket", self.time_ns);
        fields.text("state", self.state_name().as_bytes());
        fields.text("local_address", local.ip().to_string().as_bytes());
        fields.number("local_port", local.port().into());
        fields.text("remote_address", remote.ip().to_string().as_bytes());
        fields.number("remote_port", remote.port().into());
        fields.number("receive_queue", self.receive_queue.into());
        fields.number("send_queue", self.send_queue.into());
        fields.number("rtt_us", self.rtt_us.into());
        fields.number("retransmits", self.retransmits.into());
        fields.number("uid", self.uid.into());
        fields.number("inode", self.inode);
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};
    use nix::libc::AF_INET;

    use super::*;

    fn socket(family: i32) -> socket_info {
        let mut socket = socket_info {
            time_ns: 3_000_000_000,
            inode: 77,
            uid: 1000,
            family: family.unsigned_abs(),
            receive_queue: 5,
            rtt_us: 1_250,
            local_port: 443,
            remote_port: 50_000,
            state: 1,
            ..socket_info::default()
        };
        socket.local[0] = 127;
        socket.local[3] = 1;
        socket.remote[15] = 1;
        socket
    }

    #[test]
    fn socket_is_a_row() {
        assert_eq!(
            sample(&socket(AF_INET), Format::Table),
            "00:00:03 ESTABLISHED  5       0       1.250    0       1000  77       \
             127.0.0.1:443         0.0.0.0:50000\n"
        );
    }

    #[test]
    fn socket_is_a_document() {
        assert_eq!(
            sample(&socket(AF_INET6), Format::Json),
            "{\"version\":1,\"type\":\"socket\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"state\":\"ESTABLISHED\",\"local_address\":\"7f00:1::\",\"local_port\":443,\
             \"remote_address\":\"::1\",\"remote_port\":50000,\"receive_queue\":5,\
             \"send_queue\":0,\"rtt_us\":1250,\"retransmits\":0,\"uid\":1000,\"inode\":77}\n"
        );
    }

    #[test]
    fn states_have_the_kernels_numbers() {
        let name = |state| socket_info { state, ..socket(AF_INET) }.state_name();
        assert_eq!([name(1), name(6), name(10), name(12)], ["ESTABLISHED", "TIME-WAIT", "LISTEN", "NEW-SYN-RECV"]);
        assert_eq!([name(0), name(13)], ["UNKNOWN"; 2]);
    }
}
