//! Every process start and exit on this machine, live.
//!
//! Hooks: `tp_btf/sched_process_exec` and `tp_btf/sched_process_exit`, or `raw_tp` on a kernel
//! without BTF of its own.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;
use std::path::Path;

use bpfapps_core::host::hooks::btf;
use bpfapps_core::{
    App, Document, Event as _, Needs, Result, Session, Stream, milliseconds, register, rodata,
    skeleton,
};

use crate::row::Lifetime;

skeleton!("bootstrap");

/// Trace process starts and exits
#[derive(Debug, clap::Args)]
struct Bootstrap {
    /// Report only exits, of processes that lived at least MS milliseconds
    #[arg(short, long, value_name = "MS", value_parser = milliseconds)]
    duration: Option<u64>,

    #[command(flatten)]
    stream: Stream,
}

impl App for Bootstrap {
    const NAME: &'static str = "bootstrap";

    const NEEDS: Needs = Needs::linux("5.8").btf();

    const DOCUMENTS: &'static [Document] = Lifetime::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(BootstrapSkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.min_duration_ns = self.duration.unwrap_or(0);
        let typed = Path::new(btf::KERNEL).exists();
        open.progs.handle_exec.set_autoload(typed);
        open.progs.handle_exit.set_autoload(typed);
        open.progs.handle_exec_raw.set_autoload(!typed);
        open.progs.handle_exit_raw.set_autoload(!typed);

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        let mut rows = session.rows::<Lifetime<'_>>(&self.stream)?;
        session.poll_with_tail(&self.stream, &skel, |event: &event, tail| {
            rows.write(&Lifetime(event.row(tail)?))
        })
    }
}

register!(Bootstrap);
