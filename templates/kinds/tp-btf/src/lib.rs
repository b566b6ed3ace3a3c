//! Threads that were ready to run and waited long for a CPU, live.
//!
//! Hooks: tp_btf/sched_wakeup, tp_btf/sched_wakeup_new, tp_btf/sched_switch.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, only_pid, register, rodata, skeleton,
};

skeleton!("{{ name }}");

const NS_PER_US: u64 = 1_000;

/// Trace threads that waited long for a CPU
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only waits of at least US microseconds
    #[arg(
        short, long, value_name = "US", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(..=u64::MAX / NS_PER_US)
    )]
    wait: u64,

    /// Report only threads of this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.min_wait_ns = self.wait * NS_PER_US;
        only_pid!(rodata, self.pid);

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
