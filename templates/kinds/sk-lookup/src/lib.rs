//! Requests for TCP connections, by port; can steer a range of ports to one socket.
//!
//! Hooks: the lookup of listening sockets in this network namespace (sk_lookup).
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and to take over the socket of
//! another process CAP_SYS_PTRACE.

use std::fs::File;
use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd as _;

use bpfapps_core::net::listeners;
use bpfapps_core::{
    App, Context, Document, NETWORK, Needs, Result, Session, Stream, Target, bail, register, rodata,
    skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};

skeleton!("{{ name }}");

const NAMESPACE: &str = "/proc/self/ns/net";

/// Report who asks for a TCP connection, and steer those to some ports to one listening socket
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only connections to these ports, such as 7000-7999
    #[arg(short, long, value_name = "PORTS", value_parser = ports)]
    ports: Option<RangeInclusive<u16>>,

    /// Steer them to the socket that listens on this port
    #[arg(
        short, long, value_name = "PORT", requires = "ports",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    to: Option<u16>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        if let Some(ports) = &self.ports {
            (rodata.first_port, rodata.last_port) = (*ports.start(), *ports.end());
        }

        let skel = session.load(open)?;
        if let Some(port) = self.to {
            for (is_ipv6, socket) in listeners(port)? {
                let key = u32::from(is_ipv6);
                let socket = u64::try_from(socket.as_raw_fd())?.to_ne_bytes();
                let update = skel.maps.listeners.update(&key.to_ne_bytes(), &socket, MapFlags::ANY);
                update.context("failed to note the listening socket")?;
            }
        }
        let network = File::open(NAMESPACE).with_context(|| format!("failed to open {NAMESPACE}"))?;
        let program = &skel.progs.handle_lookup;
        let _link = session.attach_to(program.name(), Target::Network, || {
            program.attach_netns(network.as_raw_fd())
        })?;

        session.report::<event>(&self.stream, &skel)
    }
}

/// A port, or a range of them.
fn ports(text: &str) -> Result<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.parse().context("not a port such as 7000, or 7000-7999");
    let (first, last) = (port(first)?, port(last)?);
    if first == 0 || first > last {
        bail!("not a range of ports from 1 on, the lower first");
    }
    Ok(first..=last)
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_one_or_a_range() {
        assert_eq!(ports("7000").ok(), Some(7000..=7000));
        assert_eq!(ports("7000-65535").ok(), Some(7000..=65535));
        for wrong in ["", "0", "0-7", "8-7", "7-", "65536", "a-b"] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
    }
}
