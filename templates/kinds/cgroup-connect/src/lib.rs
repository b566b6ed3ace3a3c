//! Connections that processes open, allowed or denied.
//!
//! Hooks: connect4 and connect6 of a cgroup, and of all below it.
//! Needs: Linux {{ kernel }} with BTF, and cgroup v2; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::cgroups;
use bpfapps_core::net::{Prefix, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, register, rodata, skeleton,
};

skeleton!("{{ name }}");

/// Report each connection that a process asks for, and refuse some
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only processes in this cgroup and its descendants [default: all processes]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Refuse connections to ADDRESS, or to all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS", requires = "cgroup")]
    deny: Vec<Prefix>,

    /// Report only connections to this port
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}")
        .btf().capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let (folder, cgroup) = cgroups::open(self.cgroup.as_deref().unwrap_or("/"))?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.only_port = self.port.unwrap_or(0);

        let skel = session.load(open)?;
        fill(&skel.maps.denied, &self.deny)?;
        let _links = [
            session.attach_cgroup(&skel.progs.handle_connect4, &folder, &cgroup)?,
            session.attach_cgroup(&skel.progs.handle_connect6, &folder, &cgroup)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
