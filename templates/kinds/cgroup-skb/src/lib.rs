//! Packets that the processes of a cgroup send and receive; can drop those of other addresses.
//!
//! Hooks: what comes in and what goes out at sockets of a cgroup, and of all below it.
//! Needs: Linux {{ kernel }} and cgroup v2; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::cgroups;
use bpfapps_core::net::{Prefix, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, register, rodata, seconds, skeleton,
};

skeleton!("{{ name }}");

/// Report each new flow of the processes of a cgroup, and keep them to some addresses
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only processes in this cgroup and its descendants [default: all processes]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Drop what does not go to ADDRESS or come from it, or from all of 10.0.0.0/8 (may be given
    /// again)
    #[arg(short, long, value_name = "ADDRESS", requires = "cgroup")]
    allow: Vec<Prefix>,

    /// Report a flow again after SECONDS seconds without a packet
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    idle: u64,

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
        rodata.is_fenced = (!self.allow.is_empty()).into();
        rodata.idle_ns = self.idle;

        let skel = session.load(open)?;
        fill(&skel.maps.allowed, &self.allow)?;
        let _links = [
            session.attach_cgroup(&skel.progs.handle_ingress, &folder, &cgroup)?,
            session.attach_cgroup(&skel.progs.handle_egress, &folder, &cgroup)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
