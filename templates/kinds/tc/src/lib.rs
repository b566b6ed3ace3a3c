//! Flows through a network interface; can drop them by port.
//!
//! Hooks: tcx, both ways, of {{ interface }} or of what the options say; the classic tc where the
//! kernel has no tcx.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::interfaces;
use bpfapps_core::{
    App, Capability, Context, Document, NETWORK, Needs, Result, Session, Stream, register, rodata,
    seconds, skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};

skeleton!("{{ name }}");

/// Report each new flow through {{ interface }}, and drop those to some ports
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(short, long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Drop packets to PORT, of TCP and UDP, both ways (may be given again)
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    drop: Vec<u16>,

    /// Report a flow again after SECONDS seconds without a packet
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    idle: u64,

    /// Attach by the classic tc, as on kernels that have no tcx
    #[arg(long)]
    classic: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to take the filters of the classic tc away
    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK)
        .keeps(&[Capability::CAP_NET_ADMIN]);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.idle_ns = self.idle;

        let skel = session.load(open)?;
        for port in &self.drop {
            let update = skel.maps.blocked.update(&port.to_ne_bytes(), &[1], MapFlags::ANY);
            update.context("failed to note which ports to drop")?;
        }
        let progs = &skel.progs;
        let _links =
            session.attach_tc(&progs.handle_ingress, &progs.handle_egress, index, self.classic)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
