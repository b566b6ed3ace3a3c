//! Hits of the tracepoint {{ tracepoint }}, with its fields, live.
//!
//! Hooks: tp/{{ tracepoint }}.
//! Needs: Linux {{ kernel }}, tracefs, CAP_BPF, CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::Layout;
use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, only_pid, register, rodata, skeleton,
};

use crate::row::Hit;

skeleton!("{{ name }}");

/// Must match the `SEC` of the BPF program.
const TRACEPOINT: &str = "{{ tracepoint }}";

/// Trace {{ tracepoint }}: who hits it, and with what
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only what this process does
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").tracefs();

    const DOCUMENTS: &'static [Document] = Hit::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);

        let layout = Layout::of(TRACEPOINT)?;
        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        let mut rows = session.rows::<Hit<'_>>(&self.stream)?;
        session.poll(
            &self.stream,
            &skel,
            |&event: &event| {
                rows.write(&Hit {
                    event,
                    layout: &layout,
                })
            },
        )
    }
}

register!({{ Name }});
