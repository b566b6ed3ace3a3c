//! Calls of a system call, live: who, with what, how long, and what came back.
//!
//! Hooks: ksyscall and kretsyscall of {{ syscall }}, or of another one.
//! Needs: Linux {{ kernel }} with kprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, milliseconds, only_pid, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// Trace the system call {{ syscall }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// System call to trace
    #[arg(short, long, value_name = "NAME", default_value = "{{ syscall }}")]
    syscall: String,

    /// Report only calls that failed
    #[arg(short, long)]
    failed: bool,

    /// Report only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Report only calls that took at least MS milliseconds
    #[arg(short, long, value_name = "MS", value_parser = milliseconds)]
    duration: Option<u64>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}");

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.min_duration_ns = self.duration.unwrap_or(0);
        rodata.only_failed = self.failed.into();
        only_pid!(rodata, self.pid);

        let skel = session.load(open)?;
        // attach the return probe first, so that no traced call misses its return
        let _links = [
            session.attach_ksyscall(&skel.progs.handle_return, &self.syscall, true)?,
            session.attach_ksyscall(&skel.progs.handle_call, &self.syscall, false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
