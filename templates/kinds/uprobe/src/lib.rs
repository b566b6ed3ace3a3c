//! Each call of a function in a program or library, once it returns.
//!
//! Hooks: uprobe and uretprobe of {{ function }} in {{ binary }}, or of what the options say.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, milliseconds, register, rodata, skeleton,
};

skeleton!("{{ name }}");

/// Trace calls of {{ function }} in {{ binary }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Program or library with the function: a path, or a name to search for
    #[arg(short, long, value_name = "FILE", default_value = "{{ binary }}")]
    binary: String,

    /// Function to trace: a name, mangled or not, or an address as objdump shows it
    #[arg(short, long, value_name = "NAME", default_value = "{{ function }}")]
    function: String,

    /// Report only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,

    /// Report only calls that took at least MS milliseconds
    #[arg(short, long, value_name = "MS", value_parser = milliseconds)]
    duration: Option<u64>,

    /// Show an argument as a string: 1 is the first, 0 the result
    #[arg(long, value_name = "PLACE", value_parser = clap::value_parser!(i32).range(0..=4))]
    string: Option<i32>,

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
        rodata.string_place = self.string.unwrap_or(-1);

        let skel = session.load(open)?;
        // attach the return probe first, so that no traced call misses its return
        let (Self { binary, function, pid, .. }, progs) = (&self, &skel.progs);
        let _links = [
            session.attach_uprobe(&progs.handle_return, binary, function, *pid, true)?,
            session.attach_uprobe(&progs.handle_call, binary, function, *pid, false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
