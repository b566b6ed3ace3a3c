//! Each process and thread that is born on this machine, live.
//!
//! Hooks: raw_tp/sched_process_fork.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{App, Document, Needs, Result, Session, Stream, register, rodata, skeleton};

skeleton!("{{ name }}");

/// Trace births of processes and threads
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only the children of this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Leave out threads
    #[arg(long)]
    processes: bool,

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
        rodata.only_pid = self.pid.unwrap_or(0);
        rodata.only_processes = self.processes.into();

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
