//! Names that programs look up, and the connections that follow.
//!
//! Hooks: uprobes of getaddrinfo and connect in {{ libc }}, or in what the options say.
//! Needs: Linux {{ kernel }} with uprobes; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{App, Document, Needs, Result, Session, Stream, register, rodata, skeleton};

skeleton!("{{ name }}");

/// Report the names that programs look up, the results, and the connections that follow
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// C library of the programs: a path, or a name to search for
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
        // attach the return probe first, so that no traced call misses its return
        let (Self { libc, pid, .. }, progs) = (&self, &skel.progs);
        let _links = [
            session.attach_uprobe(&progs.handle_found, libc, "getaddrinfo", *pid, true)?,
            session.attach_uprobe(&progs.handle_lookup, libc, "getaddrinfo", *pid, false)?,
            session.attach_uprobe(&progs.handle_connect, libc, "connect", *pid, false)?,
        ];

        session.report::<event>(&self.stream, &skel)
    }
}

register!({{ Name }});
