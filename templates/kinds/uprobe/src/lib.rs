//! Each call of a function in a program or library, once it returns.
//!
//! Hooks: uprobe and uretprobe of {{ function }} in {{ binary }}, or of what the options say.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, Target, register, rodata, skeleton,
};
use libbpf_rs::{Link, ProgramMut, UprobeOpts};

skeleton!("{{ name }}");

const NS_PER_MS: u64 = 1_000_000;

/// To libbpf: the process that calls does not matter.
const ANY_PROCESS: i32 = -1;

/// Trace calls of {{ function }} in {{ binary }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Program or library that the function is in: a path, or a name to look up
    #[arg(short, long, value_name = "FILE", default_value = "{{ binary }}")]
    binary: String,

    /// Function to trace
    #[arg(short, long, value_name = "NAME", default_value = "{{ function }}")]
    function: String,

    /// Report only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,

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
        rodata(&mut open)?.min_duration_ns = self.duration.unwrap_or(0) * NS_PER_MS;

        let skel = session.load(open)?;
        // the return first: then each call that is seen is seen to return
        let _links = [
            self.attach(session, &skel.progs.handle_return, true)?,
            self.attach(session, &skel.progs.handle_call, false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches to the function, for as long as the link lives.
    fn attach(
        &self,
        session: &Session,
        program: &ProgramMut<'_>,
        retprobe: bool,
    ) -> Result<Link> {
        let Self { binary, function, .. } = self;
        let opts = UprobeOpts {
            retprobe,
            func_name: Some(function.clone()),
            ..UprobeOpts::default()
        };
        let pid = self.pid.unwrap_or(ANY_PROCESS);
        session.attach_to(program.name(), Target::Symbol { binary, function }, || {
            program.attach_uprobe_with_opts(pid, binary, 0, opts)
        })
    }
}

register!({{ Name }});
