//! Every process start and exit on this machine, live.
//!
//! Hooks: `tp_btf/sched_process_exec` and `tp_btf/sched_process_exit`, or `raw_tp` on a kernel
//! without BTF of its own; options add more.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON.

mod documents;
mod exe;
mod exit;
mod filter;
mod processes;
mod row;

use std::mem::MaybeUninit;
use std::path::Path;

use bpfapps_core::host::hooks::btf;
use bpfapps_core::host::settings::page_size;
use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, Workload, register, rodata, skeleton,
};

use crate::filter::Filter;
use crate::row::Event;

skeleton!("procs");

/// Trace process starts and exits, with arguments, filters and process trees
#[derive(Debug, clap::Args)]
struct Procs {
    /// Show the arguments of each program, up to 4096 bytes of them
    #[arg(long)]
    args: bool,

    /// Report failed calls of exec as well; adds a small cost to every system call of the machine
    #[arg(short = 'x', long)]
    failed: bool,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    stream: Stream,

    #[command(flatten)]
    workload: Workload,
}

impl App for Procs {
    const NAME: &'static str = "procs";

    const NEEDS: Needs = Needs::linux("5.8").btf();

    const DOCUMENTS: &'static [Document] = Event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(ProcsSkelBuilder::default(), &mut object)?;
        self.configure(session, &mut open)?;

        let mut skel = session.load(open)?;
        self.filter.fill(&skel.maps)?;
        session.attach(&mut skel)?;
        self.filter.add_processes(&skel.maps)?;

        let mut rows = session.rows::<Event<'_>>(&self.stream)?;
        let page_size = page_size()?;
        session.run(&self.workload)?;
        session.poll_with_tail(&self.stream, &skel, |event: &event, tail| {
            rows.write(&Event::new(event, tail, page_size)?)
        })
    }
}

impl Procs {
    /// Disables features that this kernel lacks or that no option asks for. The verifier drops code
    /// that these read-only globals disable.
    fn configure(&self, session: &Session, open: &mut OpenProcsSkel<'_>) -> Result<()> {
        // Task storage is for programs that the kernel's BTF has typed.
        let typed = Path::new(btf::KERNEL).exists();
        let rodata = rodata(open)?;
        let documents = session.makes_documents(&self.stream);
        let own_pids = !documents && self.filter.has_own_pids(self.workload.is_given())?;
        let details = documents || own_pids;
        rodata.with_own_pids = own_pids.into();
        rodata.with_details = details.into();
        rodata.with_args = self.args.into();

        let progs = &mut open.progs;
        progs.handle_exec.set_autoload(typed);
        progs.handle_exit.set_autoload(typed);
        progs.handle_exec_raw.set_autoload(!typed);
        progs.handle_exit_raw.set_autoload(!typed);
        progs.read_args.set_autoload(self.args);
        progs.handle_failed.set_autoload(self.failed && !details);
        progs
            .handle_failed_details
            .set_autoload(self.failed && details);
        progs.add_exec_details.set_autoload(details);
        progs.add_exit_details.set_autoload(details);

        self.filter.configure(open, self.workload.is_given())
    }
}

register!(Procs);
