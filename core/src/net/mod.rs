//! Addresses as BPF programs keep them, and hooks of network interfaces.
//!
//! A BPF program stores every address in 16 bytes, an IPv4 address as `::ffff:a.b.c.d`: see
//! `bpfapps/packet.h`.

mod hook;
mod listener;
mod netfilter;
mod tc;
mod xdp;

use std::borrow::Cow;
use std::io::Write as _;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use libbpf_rs::{MapCore, MapFlags};

pub use hook::{create_clsact, filter_socket};
pub use listener::listeners;
pub use netfilter::NetfilterHook;
pub use tc::TcLinks;
pub use xdp::XdpMode;

/// An address in a BPF program.
pub type Bytes = [u8; 16];

/// Converts from the form in BPF programs.
pub fn address(bytes: &Bytes) -> IpAddr {
    Ipv6Addr::from(*bytes).to_canonical()
}

/// Converts to the form in BPF programs.
pub fn bytes(address: IpAddr) -> Bytes {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Appends `192.0.2.1`, or `2001:db8::1`.
pub fn push_address(bytes: &Bytes, out: &mut Vec<u8>) {
    // writing into memory does not fail
    let _ = write!(out, "{}", address(bytes));
}

/// Appends `192.0.2.1:80`, or `[2001:db8::1]:80`; without a port, which is 0 then, the address.
pub fn push_endpoint(bytes: &Bytes, port: u16, out: &mut Vec<u8>) {
    // writing into memory does not fail
    let _ = match (address(bytes), port) {
        (address, 0) => write!(out, "{address}"),
        (IpAddr::V4(v4), port) => write!(out, "{v4}:{port}"),
        (IpAddr::V6(v6), port) => write!(out, "[{v6}]:{port}"),
    };
}

/// The IANA name of an IP protocol, such as `tcp`, or its number.
pub fn protocol(number: u8) -> Cow<'static, str> {
    match number {
        1 => "icmp".into(),
        2 => "igmp".into(),
        6 => "tcp".into(),
        17 => "udp".into(),
        47 => "gre".into(),
        50 => "esp".into(),
        51 => "ah".into(),
        58 => "icmpv6".into(),
        132 => "sctp".into(),
        other => other.to_string().into(),
    }
}

/// An address, or all that begin like it: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The key of `struct bpfapps_prefix`, in a map of the type `BPF_MAP_TYPE_LPM_TRIE`.
    pub fn key(&self) -> Vec<u8> {
        let before = if self.address.is_ipv4() { 96 } else { 0 };
        let length = u32::from(self.length) + before;
        [&length.to_ne_bytes()[..], &bytes(self.address)].concat()
    }
}

/// Fills a map of `BPFAPPS_PREFIXES`.
///
/// # Errors
///
/// The kernel refuses one: the map is full.
pub fn fill(map: &impl MapCore, prefixes: &[Prefix]) -> Result<()> {
    for prefix in prefixes {
        let update = map.update(&prefix.key(), &[1], MapFlags::ANY);
        update.with_context(|| format!("failed to fill {}", map.name().display()))?;
    }
    Ok(())
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (address, length) = text
            .split_once('/')
            .map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address
            .parse()
            .context("not an address such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32")?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(all), str::parse).ok();
        match length.filter(|length| *length <= all) {
            Some(length) => Ok(Self { address, length }),
            None => bail!("the length after the address is not from 0 to {all}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(address: &str, port: u16) -> String {
        let mut out = Vec::new();
        push_endpoint(&bytes(address.parse().expect("an address")), port, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn endpoints_read_as_they_are_written() {
        assert_eq!(endpoint("192.0.2.1", 80), "192.0.2.1:80");
        assert_eq!(endpoint("2001:db8::1", 80), "[2001:db8::1]:80");
        assert_eq!(endpoint("::1", 0), "::1");
    }

    #[test]
    fn prefixes_are_keys() {
        let key = |text: &str| text.parse::<Prefix>().expect("a prefix").key();
        assert_eq!(key("10.0.0.0/8")[..4], 104_u32.to_ne_bytes());
        assert_eq!(key("10.0.0.0/8")[14..], [255, 255, 10, 0, 0, 0]);
        assert_eq!(key("192.0.2.1")[..4], 128_u32.to_ne_bytes());
        assert_eq!(key("2001:db8::/32")[..6], [32, 0, 0, 0, 0x20, 0x01]);
        for wrong in ["", "10.0.0.0/33", "10.0.0.0/", "::/129", "example.com"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
    }
}
