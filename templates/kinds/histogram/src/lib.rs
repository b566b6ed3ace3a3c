//! How long calls of a function of the kernel take, as a histogram for each command.
//!
//! Hooks: kprobe and kretprobe of the function.
//! Needs: Linux {{ kernel }} with BTF and kprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::{
    App, Capability, Counting, Document, Needs, Result, Session, only_pid, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// Show how long calls of {{ function }} take
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Measure this function of the kernel; may be given again: the first one that it has
    #[arg(short, long, value_name = "NAME", default_value = "{{ function }}")]
    function: Vec<String>,

    /// Count only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    counting: Counting,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = calls::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let functions = Functions::read()?;
        let function = functions.first_of(&self.function)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        self.counting.fit(&mut open)?;

        let skel = session.load(open)?;
        // attach the return probe first, so that no call misses its return
        let _links = [
            session.attach_kprobe(&skel.progs.handle_return, function, true)?,
            session.attach_kprobe(&skel.progs.handle_call, function, false)?,
        ];

        session.count::<calls>(&self.counting, &skel)
    }
}

register!({{ Name }});
