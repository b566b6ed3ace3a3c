//! A congestion control for TCP, and how the connections that have it went.
//!
//! Hooks: struct_ops tcp_congestion_ops, under the name {{ algorithm }}.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Failure, Needs, Result, Session, Stream, register,
    skeleton,
};

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

        let mut skel = session.load(open)?;
        let link = skel.maps.algorithm.attach_struct_ops();
        let _link = link.context(Failure::new(
            "failed to offer the congestion control {{ algorithm }}",
            "sysctl net.ipv4.tcp_available_congestion_control shows whether there is one of that \
             name; connections that had it keep it",
        ))?;

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
