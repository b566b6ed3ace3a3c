//! A congestion control for TCP, and how the connections that have it went.
//!
//! Hooks: struct_ops tcp_congestion_ops, under the name {{ algorithm }}.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, skeleton,
};
use libbpf_rs::MapCore as _;

skeleton!("{{ name }}");

/// Offer the TCP congestion control {{ algorithm }}, and report each connection that had it
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Keep so much of the window after a loss, in percent
    #[arg(
        short, long, value_name = "PERCENT", default_value_t = 50, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..=99)
    )]
    keep: u32,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: true,
        tracefs: false,
        capabilities: &[
            Capability::CAP_BPF,
            Capability::CAP_NET_ADMIN,
            Capability::CAP_PERFMON,
        ],
        keeps: &[],
    };

    const DOCUMENTS: &'static [Document] = row::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.keep = self.keep;
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(mut skel) = session.load(open)? else {
            return Ok(());
        };
        let name = skel.maps.algorithm.name().to_owned();
        let target = Target::StructOps("{{ algorithm }}");
        let _link = session
            .attach_to(&name, target, || skel.maps.algorithm.attach_struct_ops())?;

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
