//! Each call of a function in a program or library, once it returns.
//!
//! Hooks: uprobe and uretprobe of {{ function }} in {{ binary }}, or of what the options say.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, skeleton,
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
    #[arg(
        short, long, value_name = "PID", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    pid: Option<i32>,

    /// Report only calls that took at least MS milliseconds
    #[arg(
        short, long, value_name = "MS", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=u64::MAX / NS_PER_MS)
    )]
    duration: Option<u64>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: false,
        tracefs: false,
        capabilities: &[Capability::CAP_BPF, Capability::CAP_PERFMON],
        keeps: &[],
    };

    const DOCUMENTS: &'static [Document] = row::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.min_duration_ns = self.duration.unwrap_or(0) * NS_PER_MS;
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(skel) = session.load(open)? else {
            return Ok(());
        };
        // the return first: then each call that is seen is seen to return
        let _links = [
            self.attach(session, &skel.progs.handle_return, true)?,
            self.attach(session, &skel.progs.handle_call, false)?,
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
