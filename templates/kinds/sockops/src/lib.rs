//! How TCP connections went, once they end.
//!
//! Hooks: what TCP tells about the sockets of a cgroup, and of all below it.
//! Needs: Linux {{ kernel }} and cgroup v2; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;

use bpfapps_core::host::cgroups;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, skeleton,
};

skeleton!("{{ name }}");

/// Report each TCP connection when it ends: duration, round trips, retransmissions, bytes
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only sockets of this cgroup, and of those below it [default: all sockets]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Report only connections with this port on one side
    #[arg(
        short, long, value_name = "PORT", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    port: Option<u16>,

    /// Report only connections that sent at least N segments again
    #[arg(short, long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    retransmits: u32,

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
        keeps: &[],
    };

    const DOCUMENTS: &'static [Document] = row::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let (folder, cgroup) = cgroups::open(self.cgroup.as_deref().unwrap_or("/"))?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.only_port = self.port.unwrap_or(0);
        rodata.min_retransmits = self.retransmits;
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(skel) = session.load(open)? else {
            return Ok(());
        };
        let program = &skel.progs.handle_tcp;
        let target = Target::Cgroup(&folder, &program.attach_type());
        let _link = session
            .attach_to(program.name(), target, || program.attach_cgroup(cgroup.as_raw_fd()))?;

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
