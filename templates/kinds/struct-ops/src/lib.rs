//! A congestion control for TCP, and how the connections that have it went.
//!
//! Hooks: struct_ops tcp_congestion_ops, under the name {{ algorithm }}.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, Target, register, rodata, skeleton,
};
use libbpf_rs::MapCore as _;

skeleton!("{{ name }}");

/// Offer the TCP congestion control {{ algorithm }}, and report each connection that had it
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Keep so much of the window after a loss, in percent
    #[arg(
        short, long, value_name = "PERCENT", default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=99)
    )]
    share: u32,

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
        rodata(&mut open)?.share = self.share;

        let mut skel = session.load(open)?;
        let name = skel.maps.algorithm.name().to_owned();
        let target = Target::StructOps("{{ algorithm }}");
        let _link = session
            .attach_to(&name, target, || skel.maps.algorithm.attach_struct_ops())?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
