use std::net::Ipv4Addr;

use bpfapps_host::interfaces;

use super::{List, Scalar, Text, Value};
use crate::net::{address, protocol, push_address, push_endpoint};
use crate::output::Fields;

/// `bpfapps_address`: an IPv6 address, or an IPv4 address as `::ffff:a.b.c.d`.
#[derive(Debug)]
pub struct Address<'a>(pub &'a [u8; 16]);

impl Value for Address<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        push_address(self.0, out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(address(self.0).to_string())
    }
}

/// A `bpfapps_address` and its `bpfapps_port`, in one column. A document has a field for each.
#[derive(Debug)]
pub struct Endpoint<'a>(pub &'a [u8; 16], pub u16);

impl Value for Endpoint<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        push_endpoint(self.0, self.1, out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(address(self.0).to_string())
    }
}

/// `bpfapps_ipv4`: an IPv4 address in network byte order.
#[derive(Debug)]
pub struct Ipv4(pub u32);

impl Ipv4 {
    fn text(&self) -> String {
        Ipv4Addr::from(self.0.to_ne_bytes()).to_string()
    }
}

impl Value for Ipv4 {
    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text().as_bytes());
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(self.text())
    }
}

/// `bpfapps_protocol`: what an IP packet carries.
#[derive(Debug)]
pub struct Protocol(pub u8);

impl Value for Protocol {
    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(protocol(self.0).as_bytes());
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(protocol(self.0))
    }
}

/// `bpfapps_ifindex`: a network interface by its index; the number if it no longer exists.
#[derive(Debug)]
pub struct Interface(pub u32);

impl Value for Interface {
    fn show(&self, out: &mut Vec<u8>) {
        Text(interfaces::name(self.0).as_bytes()).show(out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::text(interfaces::name(self.0))
    }
}

/// `bpfapps_tcp_flags`: the flags of a TCP header.
#[derive(Debug)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    fn names(&self) -> List<impl Iterator<Item = Text<'static>> + Clone> {
        const NAMES: [&str; 8] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
        let flags = self.0;
        let set = NAMES.iter().enumerate();
        let set = set.filter(move |(bit, _)| flags >> bit & 1 == 1);
        List(set.map(|(_, name)| Text(name.as_bytes())))
    }
}

impl Value for TcpFlags {
    fn show(&self, out: &mut Vec<u8>) {
        self.names().show(out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.0.into())
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        self.names().field(name, fields);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::one;
    use super::*;
    use crate::net::bytes;

    #[test]
    fn addresses_read_as_people_write_them() {
        let v4 = bytes("192.0.2.1".parse().expect("an address"));
        let v6 = bytes("2001:db8::1".parse().expect("an address"));
        assert_eq!(
            one(&Address(&v6)),
            ("2001:db8::1".into(), "\"2001:db8::1\"".into())
        );
        assert_eq!(one(&Endpoint(&v4, 443)).0, "192.0.2.1:443");
        assert_eq!(one(&Endpoint(&v6, 443)).0, "[2001:db8::1]:443");
        let packed = Ipv4(u32::from_ne_bytes([192, 0, 2, 1]));
        assert_eq!(one(&packed), ("192.0.2.1".into(), "\"192.0.2.1\"".into()));
    }

    #[test]
    fn protocols_flags_and_interfaces_have_names() {
        assert_eq!(one(&Protocol(17)), ("udp".into(), "\"udp\"".into()));
        assert_eq!(
            one(&TcpFlags(0x12)),
            ("SYN ACK".into(), "[\"SYN\",\"ACK\"]".into())
        );
        assert_eq!(one(&TcpFlags(0)), ("-".into(), "[]".into()));
        let loopback = interfaces::index("lo")
            .expect("an interface")
            .unsigned_abs();
        assert_eq!(one(&Interface(loopback)), ("lo".into(), "\"lo\"".into()));
        assert_eq!(one(&Interface(u32::MAX)).0, "4294967295");
    }
}
