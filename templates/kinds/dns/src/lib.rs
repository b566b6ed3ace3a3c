//! Which names programs look up, and where they then connect to.
//!
//! Hooks: uprobes of getaddrinfo and connect in {{ libc }}, or in what the options say.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, Target, register, rodata, skeleton,
};
use libbpf_rs::{Link, ProgramMut, UprobeOpts};

skeleton!("{{ name }}");

/// To libbpf: the process that calls does not matter.
const ANY_PROCESS: i32 = -1;

/// Report which names programs look up, what they find, and where they then connect to
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// C library that the programs use: a path, or a name to look up
    #[arg(short, long, value_name = "FILE", default_value = "{{ libc }}")]
    libc: String,

    /// Report only what this process does
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: Option<i32>,

    /// Report only lookups that failed
    #[arg(short, long)]
    failed_only: bool,

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
        rodata(&mut open)?.only_failed = self.failed_only.into();

        let skel = session.load(open)?;
        // the return first: then each lookup that is seen is seen to return
        let _links = [
            self.attach(session, &skel.progs.handle_found, "getaddrinfo", true)?,
            self.attach(session, &skel.progs.handle_lookup, "getaddrinfo", false)?,
            self.attach(session, &skel.progs.handle_connect, "connect", false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches to a function of the library, for as long as the link lives.
    fn attach(
        &self,
        session: &Session,
        program: &ProgramMut<'_>,
        function: &str,
        retprobe: bool,
    ) -> Result<Link> {
        let binary = &self.libc;
        let opts = UprobeOpts {
            retprobe,
            func_name: Some(function.to_owned()),
            ..UprobeOpts::default()
        };
        let pid = self.pid.unwrap_or(ANY_PROCESS);
        session.attach_to(program.name(), Target::Symbol { binary, function }, || {
            program.attach_uprobe_with_opts(pid, binary, 0, opts)
        })
    }
}

register!({{ Name }});
