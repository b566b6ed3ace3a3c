//! Packets that come in at a network interface, counted by source; can drop them.
//!
//! Hooks: XDP of {{ interface }}, or of what the options say.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::interfaces;
use bpfapps_core::net::{Prefix, XdpMode, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, milliseconds, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// Count packets that come in at {{ interface }}, by source, and optionally drop them
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(short, long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Drop what comes from ADDRESS, or from all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS")]
    drop: Vec<Prefix>,

    /// Report what a source sends every MS milliseconds
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    interval: u64,

    /// Where XDP sees the packets
    #[arg(short, long, value_enum, default_value_t = XdpMode::Auto)]
    mode: XdpMode,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.interval_ns = self.interval;

        let skel = session.load(open)?;
        fill(&skel.maps.dropped, &self.drop)?;
        let _link = session.attach_xdp(&skel.progs.handle_packet, index, self.mode)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
