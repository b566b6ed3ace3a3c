//! Calls of a function of the kernel, live: who, with what, how long, and what came back.
//!
//! Hooks: kprobe and kretprobe of {{ function }}, or of another function.
//! Needs: Linux {{ kernel }} with kprobes; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, skeleton,
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
    #[arg(
        short, long, value_name = "PID", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pid: Option<u32>,

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
        rodata.only_pid = self.pid.unwrap_or(0);
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let functions = Functions::read()?;
        let function = functions.first_of(&self.function)?;
        let Some(skel) = session.load(open)? else {
            return Ok(());
        };
        // the return first: then each call that is seen is seen to return
        let _links = [
            attach(session, &skel.progs.handle_return, true, function)?,
            attach(session, &skel.progs.handle_call, false, function)?,
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
