//! All BPF programs and maps of this machine: what they cost, and which processes hold them.
//!
//! Hooks: iter/task_file.
//! Needs: Linux 5.8 with BTF; CAP_BPF, CAP_PERFMON, and CAP_SYS_ADMIN to find what others loaded.

mod holders;
mod objects;

use std::mem::MaybeUninit;
use std::time::Duration;

use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Row, Session, Snapshot, register, rodata,
    skeleton,
};

use crate::holders::Holders;
use crate::objects::Programs;

skeleton!("top");

/// The time between two lists, if the command line has none.
const INTERVAL: Duration = Duration::from_secs(1);

/// Show all BPF programs, or maps, with their cost and the processes that hold them
///
/// The list is repeated every second. Programs come in the order of their share of a CPU, maps in
/// that of their memory. While it runs, the kernel measures each run of each program, which adds a
/// small cost to it.
#[derive(Debug, clap::Args)]
struct Top {
    /// Show maps
    #[arg(short, long)]
    maps: bool,

    /// Show one list, of programs after one interval, and end
    #[arg(long)]
    once: bool,

    #[command(flatten)]
    snapshot: Snapshot,
}

impl App for Top {
    const NAME: &'static str = "top";

    const NEEDS: Needs = Needs::linux("5.8")
        .btf()
        .capabilities(&[
            Capability::CAP_BPF,
            Capability::CAP_PERFMON,
            Capability::CAP_SYS_ADMIN,
        ])
        // programs and maps are found by their ids
        .keeps(&[Capability::CAP_SYS_ADMIN]);

    const DOCUMENTS: &'static [Document] = &[program::DOCUMENTS[0], map::DOCUMENTS[0]];

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(TopSkelBuilder::default(), &mut object)?;
        // in a container the kernel lists only its processes, but knows them by other numbers
        let namespace = PidNamespace::own()?;
        let rodata = rodata(&mut open)?;
        (rodata.pidns_dev, rodata.pidns_ino) = (namespace.dev, namespace.ino);
        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;
        let files = skel.links.list_holders.as_ref();
        let files = files.context("the BPF object has no iterator")?;

        let snapshot = self.snapshot.or_every(INTERVAL);
        let interval = snapshot.interval().unwrap_or(INTERVAL);
        let snapshot = if self.once { snapshot.once() } else { snapshot };
        if self.maps {
            return session.snapshots::<map>(&snapshot.or_sorted_by("memory_bytes"), |rows| {
                let holders = Holders::now(files)?;
                objects::maps(&holders).try_for_each(|map| rows.write(&map))
            });
        }

        let mut programs = Programs::start()?;
        let mut is_first = true;
        session.snapshots::<program>(&snapshot.or_sorted_by("run_time_ns"), |rows| {
            if std::mem::take(&mut is_first) {
                session.sleep(interval)?;
            }
            let holders = Holders::now(files)?;
            programs.since_last(Some(&holders), |program| rows.write(program))
        })
    }
}

register!(Top);
