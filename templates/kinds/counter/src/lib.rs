//! How often each process hits the tracepoint {{ tracepoint }}, counted in the kernel.
//!
//! Hooks: tp/{{ tracepoint }}.
//! Needs: Linux {{ kernel }}, tracefs, CAP_BPF, CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::tracefs;
use bpfapps_core::{
    App, Capability, Counting, Document, Needs, Result, Session, only_pid, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// Count hits of {{ tracepoint }} by process
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Count only what this process does
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    counting: Counting,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").tracefs().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = hits::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        self.counting.fit(&mut open)?;

        tracefs::find_or_mount()?;
        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;
        session.count::<hits>(&self.counting, &skel)
    }
}

register!({{ Name }});
