//! What a hook of netfilter sees; drops what comes from some.
//!
//! Hooks: netfilter, for IPv4 and IPv6, at the hook and priority that the options say.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

use std::mem::MaybeUninit;
use std::path::Path;

use bpfapps_core::net::{Prefix, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, Target, register, rodata, seconds,
    skeleton,
};
use libbpf_rs::{
    Link, NFPROTO_IPV4, NFPROTO_IPV6, NF_INET_FORWARD, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT,
    NF_INET_POST_ROUTING, NF_INET_PRE_ROUTING, NetfilterOpts, ProgramMut,
};
use log::info;

skeleton!("{{ name }}");

/// Is there where the kernel has IPv6.
const IPV6: &str = "/proc/sys/net/ipv6";

/// Where on its way through the kernel a packet is looked at.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Hook {
    /// What comes in, before it is known where it goes
    Prerouting,
    /// What is for this machine
    Input,
    /// What only passes through
    Forward,
    /// What this machine sends
    Output,
    /// What goes out, when it is known where it goes
    Postrouting,
}

/// Report each new flow that a hook of netfilter sees, and drop what comes from some
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// The hook
    #[arg(long, value_enum, default_value_t = Hook::Input)]
    hook: Hook,

    /// When it is its turn at that hook, lower first: -200 is conntrack, -100 NAT of destinations,
    /// 0 filter, 100 NAT of sources
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    priority: i32,

    /// Drop what comes from ADDRESS, or from all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS")]
    drop: Vec<Prefix>,

    /// Report a flow again that was quiet for so many seconds
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
        let _links = self.attach(session, &skel.progs.handle_packet)?;

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches for IPv4 and, where the kernel has it, for IPv6, for as long as the links live.
    fn attach(&self, session: &Session, program: &ProgramMut<'_>) -> Result<Vec<Link>> {
        let mut links = Vec::new();
        for family in [NFPROTO_IPV4, NFPROTO_IPV6] {
            if family == NFPROTO_IPV6 && !Path::new(IPV6).exists() {
                info!("this kernel has no IPv6");
                continue;
            }
            let options = NetfilterOpts {
                protocol_family: family,
                hooknum: match self.hook {
                    Hook::Prerouting => NF_INET_PRE_ROUTING,
                    Hook::Input => NF_INET_LOCAL_IN,
                    Hook::Forward => NF_INET_FORWARD,
                    Hook::Output => NF_INET_LOCAL_OUT,
                    Hook::Postrouting => NF_INET_POST_ROUTING,
                },
                priority: self.priority,
                ..NetfilterOpts::default()
            };
            let target = Target::Netfilter {
                family,
                hook: options.hooknum,
                priority: self.priority,
            };
            let link = session.attach_to(program.name(), target, || {
                program.attach_netfilter_with_opts(options)
            });
            links.push(link?);
        }
        Ok(links)
    }
}

register!({{ Name }});
