//! Who connects where, and whether they may.
//!
//! Hooks: connect4 and connect6 of a cgroup, and of all below it.
//! Needs: Linux {{ kernel }} with BTF, and cgroup v2; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;

use bpfapps_core::host::cgroups;
use bpfapps_core::net::Prefix;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};

skeleton!("{{ name }}");

/// Report each connection that a process asks for, and refuse some
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only processes of this cgroup, and of those below it [default: all processes]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Refuse connections to ADDRESS, or to all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS", requires = "cgroup")]
    deny: Vec<Prefix>,

    /// Report only connections to this port
    #[arg(
        short, long, value_name = "PORT", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    port: Option<u16>,

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
        let (folder, cgroup) = cgroups::open(self.cgroup.as_deref().unwrap_or("/"))?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.only_port = self.port.unwrap_or(0);
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(skel) = session.load(open)? else {
            return Ok(());
        };
        for prefix in &self.deny {
            let update = skel.maps.denied.update(&prefix.key(), &[1], MapFlags::ANY);
            update.context("failed to note where nobody may connect to")?;
        }
        let attach = |program: &libbpf_rs::ProgramMut<'_>| {
            let target = Target::Cgroup(&folder, &program.attach_type());
            session.attach_to(program.name(), target, || program.attach_cgroup(cgroup.as_raw_fd()))
        };
        let _links = [
            attach(&skel.progs.handle_connect4)?,
            attach(&skel.progs.handle_connect6)?,
        ];

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
