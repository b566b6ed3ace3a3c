//! TCP connections, reported when they end.
//!
//! Hooks: the socket events of a cgroup and its descendants.
//! Needs: Linux {{ kernel }} and cgroup v2; CAP_BPF, CAP_NET_ADMIN and, for the verifier,
//! CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::cgroups;
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, register, rodata, skeleton,
};

skeleton!("{{ name }}");

/// Report each TCP connection when it ends: duration, round trips, retransmissions, bytes
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only sockets of this cgroup and its descendants [default: all sockets]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Report only connections with this port on one side
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Report only connections that sent at least N segments again
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    retransmits: u32,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let (folder, cgroup) = cgroups::open(self.cgroup.as_deref().unwrap_or("/"))?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.only_port = self.port.unwrap_or(0);
        rodata.min_retransmits = self.retransmits;

        let skel = session.load(open)?;
        let _link = session.attach_cgroup(&skel.progs.handle_tcp, &folder, &cgroup)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
