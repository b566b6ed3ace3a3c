//! Who talks to whom through a network interface; drops what goes to some ports.
//!
//! Hooks: tcx, both ways, of {{ interface }} or of what the options say; the classic tc where the
//! kernel has no tcx.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

mod attach;
mod row;

use std::mem::MaybeUninit;

use bpfapps_core::host::interfaces;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, register, skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};

use crate::attach::attach;

skeleton!("{{ name }}");

const NS_PER_S: u64 = 1_000_000_000;

/// Report each new flow through {{ interface }}, and drop those to some ports
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(short, long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Drop packets to PORT, of TCP and UDP, both ways (may be given again)
    #[arg(
        short, long, value_name = "PORT", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    drop: Vec<u16>,

    /// Report a flow again that was quiet for so many seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=u64::MAX / NS_PER_S)
    )]
    idle: u64,

    /// Attach by the classic tc, as on kernels that have no tcx
    #[arg(long)]
    classic: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: false,
        tracefs: false,
        capabilities: &[
            Capability::CAP_BPF,
            Capability::CAP_NET_ADMIN,
            Capability::CAP_PERFMON,
        ],
        // to take the filters of the classic tc away
        keeps: &[Capability::CAP_NET_ADMIN],
    };

    const DOCUMENTS: &'static [Document] = row::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.idle_ns = self.idle * NS_PER_S;
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(skel) = session.load(open)? else {
            return Ok(());
        };
        for port in &self.drop {
            let update = skel.maps.blocked.update(&port.to_ne_bytes(), &[1], MapFlags::ANY);
            update.context("failed to note which ports to drop")?;
        }
        let _attached = attach(session, &skel.progs, index, self.classic)?;

        let mut rows = session.rows::<event>(&self.stream)?;
        session.poll(
            &self.stream,
            &skel.maps.rb,
            &skel.maps.reader,
            |event: &event| rows.write(event),
        )
    }
}

register!({{ Name }});
