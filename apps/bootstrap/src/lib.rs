//! Every process start and exit on this machine, live.
//!
//! Hooks: tp_btf/sched_process_exec, tp_btf/sched_process_exit; without the kernel's own BTF the
//! raw_tp of the same names.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON.

mod filter;
mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Needs, Result, Session, Stream, kernel, register, skeleton,
};
use libbpf_rs::MapType;

use crate::filter::Filter;

skeleton!("bootstrap");

const NS_PER_MS: u64 = 1_000_000;

/// The oldest kernel that was seen to tell `group_dead`; finding out for itself, as bootstrap does
/// before, is right on newer ones as well. To look it up in BTF would cost a tenth of the start.
const GROUP_DEAD_SINCE: (u32, u32) = (6, 18);

/// Trace process starts and exits
#[derive(Debug, clap::Args)]
struct Bootstrap {
    /// Report only exits, of processes that lived at least MS milliseconds
    #[arg(
        short, long, value_name = "MS", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=u64::MAX / NS_PER_MS)
    )]
    duration: Option<u64>,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    stream: Stream,
}

impl App for Bootstrap {
    const NAME: &'static str = "bootstrap";

    const NEEDS: Needs = Needs {
        kernel: "5.8",
        btf: true,
        tracefs: false,
        capabilities: &[Capability::CAP_BPF, Capability::CAP_PERFMON],
        keeps: &[],
    };

    const SCHEMA: Option<&'static str> = Some(include_str!("schema.json"));

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(BootstrapSkelBuilder::default(), &mut object)?;

        // Task storage is for programs that the kernel's BTF has typed. What is not there by these
        // read-only globals, the verifier never sees used.
        let typed = session.kernel_has_btf();
        let task_storage = typed && MapType::TaskStorage.is_supported().unwrap_or(false);
        let group_dead = kernel::version()? >= GROUP_DEAD_SINCE;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.min_duration_ns = self.duration.unwrap_or(0) * NS_PER_MS;
        rodata.task_storage = task_storage.into();
        rodata.group_dead = group_dead.into();
        open.maps.exec_start.set_autocreate(task_storage)?;
        open.maps.exited.set_autocreate(!group_dead)?;
        if task_storage {
            // Few need it then, and its size is time to start.
            open.maps.exec_start_by_pid.set_max_entries(8192)?;
        }
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }
        open.progs.handle_exec.set_autoload(typed);
        open.progs.handle_exit.set_autoload(typed);
        open.progs.handle_exec_raw.set_autoload(!typed);
        open.progs.handle_exit_raw.set_autoload(!typed);

        self.filter.configure(&mut open.maps)?;

        let mut skel = session.load(open)?;
        self.filter.fill(&skel.maps)?;
        session.attach(&mut skel)?;

        let mut rows = session.rows(&self.stream)?;
        session.poll(
            &self.stream,
            &skel.maps.rb,
            &skel.maps.lost,
            |event: &event| rows.write(event),
        )
    }
}

register!(Bootstrap);
