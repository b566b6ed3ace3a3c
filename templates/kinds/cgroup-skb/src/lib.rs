//! Whom the processes of a cgroup exchange packets with; keeps them from all others.
//!
//! Hooks: what comes in and what goes out at sockets of a cgroup, and of all below it.
//! Needs: Linux {{ kernel }} and cgroup v2; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;

use bpfapps_core::host::cgroups;
use bpfapps_core::net::Prefix;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, rodata,
    skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags, ProgramMut};

skeleton!("{{ name }}");

const NS_PER_S: u64 = 1_000_000_000;

/// Report each new flow of the processes of a cgroup, and keep them to some addresses
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Only processes of this cgroup, and of those below it [default: all processes]
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Drop what does not go to ADDRESS or come from it, or from all of 10.0.0.0/8 (may be given
    /// again)
    #[arg(short, long, value_name = "ADDRESS", requires = "cgroup")]
    allow: Vec<Prefix>,

    /// Report a flow again that was quiet for so many seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=u64::MAX / NS_PER_S)
    )]
    idle: u64,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}")
        .capabilities(&[Capability::CAP_BPF, Capability::CAP_NET_ADMIN, Capability::CAP_PERFMON]);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let (folder, cgroup) = cgroups::open(self.cgroup.as_deref().unwrap_or("/"))?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.is_fenced = (!self.allow.is_empty()).into();
        rodata.idle_ns = self.idle * NS_PER_S;

        let skel = session.load(open)?;
        for prefix in &self.allow {
            let update = skel.maps.allowed.update(&prefix.key(), &[1], MapFlags::ANY);
            update.context("failed to note whom to allow")?;
        }
        let attach = |program: &ProgramMut<'_>| {
            let target = Target::Cgroup(&folder, &program.attach_type());
            session.attach_to(program.name(), target, || program.attach_cgroup(cgroup.as_raw_fd()))
        };
        let _links = [
            attach(&skel.progs.handle_ingress)?,
            attach(&skel.progs.handle_egress)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
