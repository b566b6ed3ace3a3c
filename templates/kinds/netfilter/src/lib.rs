//! Packets at a netfilter hook; can drop them by source.
//!
//! Hooks: netfilter, for IPv4 and IPv6, at the hook and priority that the options say.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::net::{NetfilterHook, Prefix, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, register, rodata, seconds, skeleton,
};

skeleton!("{{ name }}");

/// Report each new flow that a hook of netfilter sees, and drop what comes from some
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// The hook
    #[arg(long, value_enum, default_value_t = NetfilterHook::Input)]
    hook: NetfilterHook,

    /// When it is its turn at that hook, lower first: -200 is conntrack, -100 NAT of destinations,
    /// 0 filter, 100 NAT of sources
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    priority: i32,

    /// Drop what comes from ADDRESS, or from all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS")]
    drop: Vec<Prefix>,

    /// Report a flow again after SECONDS seconds without a packet
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    idle: u64,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}")
        .btf().capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.idle_ns = self.idle;

        let skel = session.load(open)?;
        fill(&skel.maps.dropped, &self.drop)?;
        let _links = session.attach_netfilter(&skel.progs.handle_packet, self.hook, self.priority)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
