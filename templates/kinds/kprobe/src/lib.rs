//! Calls of a function of the kernel, live: who, with what, how long, and what came back.
//!
//! Hooks: kprobe and kretprobe of {{ function }}, or of another function.
//! Needs: Linux {{ kernel }} with BTF and kprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, milliseconds, only_pid, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// Trace calls of {{ function }} in the kernel
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Function to trace; given again, it is the first one that this kernel has
    #[arg(short, long, value_name = "NAME", default_value = "{{ function }}")]
    function: Vec<String>,

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

    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let functions = Functions::read()?;
        let function = functions.first_of(&self.function)?;
        let rodata = rodata(&mut open)?;
        // its place differs from kernel to kernel
        rodata.dentry_arg = session.argument_of(function, "dentry")?.unwrap_or(0);
        rodata.min_duration_ns = self.duration.unwrap_or(0);
        only_pid!(rodata, self.pid);

        let skel = session.load(open)?;
        // attach the return probe first, so that no traced call misses its return
        let _links = [
            session.attach_kprobe(&skel.progs.handle_return, function, true)?,
            session.attach_kprobe(&skel.progs.handle_call, function, false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
