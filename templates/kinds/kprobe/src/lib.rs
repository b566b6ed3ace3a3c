//! Calls of a function of the kernel, live: who, with what, how long, and what came back.
//!
//! Hooks: kprobe and kretprobe of {{ function }}, or of another function.
//! Needs: Linux {{ kernel }} with kprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, Target, register, rodata, skeleton,
};
use libbpf_rs::{Link, ProgramMut};

skeleton!("{{ name }}");

const NS_PER_MS: u64 = 1_000_000;

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
    #[arg(
        short, long, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=u64::MAX / NS_PER_MS)
    )]
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
        rodata.min_duration_ns = self.duration.unwrap_or(0) * NS_PER_MS;
        rodata.only_pid = self.pid.unwrap_or(0);

        let functions = Functions::read()?;
        let function = functions.first_of(&self.function)?;
        let skel = session.load(open)?;
        // the return first: then each call that is seen is seen to return
        let _links = [
            attach(session, &skel.progs.handle_return, true, function)?,
            attach(session, &skel.progs.handle_call, false, function)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

/// Attaches to the function, for as long as the link lives.
fn attach(
    session: &Session,
    program: &ProgramMut<'_>,
    retprobe: bool,
    function: &str,
) -> Result<Link> {
    log::debug!("attaching to {function}, retprobe: {retprobe}");
    session.attach_to(program.name(), Target::Function(function), || {
        program.attach_kprobe(retprobe, function)
    })
}

register!({{ Name }});
