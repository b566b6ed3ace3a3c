//! How long threads that can run wait for a CPU, as a histogram.
//!
//! Hooks: tp_btf/sched_wakeup, tp_btf/sched_wakeup_new and tp_btf/sched_switch.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Counting, Document, Needs, Result, Session, register, rodata, skeleton,
};

skeleton!("runqlat");

/// Show how long threads that can run wait for a CPU
#[derive(Debug, clap::Args)]
struct Runqlat {
    /// A histogram for each of these: process or cgroup
    #[arg(short, long, value_name = "WHAT", value_enum)]
    by: Option<By>,

    /// Count only threads of this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    counting: Counting,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum By {
    Process,
    Cgroup,
}

impl App for Runqlat {
    const NAME: &'static str = "runqlat";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("5.8").btf().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = waits::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(RunqlatSkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.only_pid = self.pid.unwrap_or(0);
        rodata.by = match self.by {
            None => types::by::BY_NOTHING,
            Some(By::Process) => types::by::BY_PROCESS,
            Some(By::Cgroup) => types::by::BY_CGROUP,
        };

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        let counting = self.counting.hiding(match self.by {
            None => &["CGROUP", "PID", "COMM"],
            Some(By::Process) => &["CGROUP"],
            Some(By::Cgroup) => &["PID", "COMM"],
        });
        session.count::<waits>(&counting, &skel)
    }
}

register!(Runqlat);
