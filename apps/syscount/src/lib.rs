//! System calls: how many, how many of them fail, and how long they take, counted in the kernel.
//!
//! Hooks: tp_btf/sys_exit, and tp_btf/sys_enter for times.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::names::syscall_number;
use bpfapps_core::{
    App, Capability, Counting, Document, Needs, Result, Session, only_pid, register, rodata,
    skeleton,
};

skeleton!("syscount");

/// Room for system calls of processes within a second.
const KEYS_OF_PROCESSES: u32 = 4096;

/// Count system calls, their errors, and how long they take
#[derive(Debug, clap::Args)]
struct Syscount {
    /// Count only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Count only this system call, such as openat
    #[arg(short, long, value_name = "NAME", value_parser = syscall_number)]
    syscall: Option<u32>,

    /// Count the calls of each process by themselves
    #[arg(short = 'P', long)]
    process: bool,

    /// Count only calls that fail
    #[arg(short, long)]
    failed: bool,

    /// Measure how long calls take: that costs about as much again for each call
    #[arg(short, long)]
    latency: bool,

    #[command(flatten)]
    counting: Counting,
}

impl App for Syscount {
    const NAME: &'static str = "syscount";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("5.8").btf().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = syscalls::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(SyscountSkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        rodata.only_syscall = self.syscall.map_or(-1, i64::from);
        rodata.by_process = self.process;
        rodata.only_failed = self.failed;
        rodata.with_latency = self.latency;
        open.progs.handle_enter.set_autoload(self.latency);
        if self.process {
            open.maps.table_0.set_max_entries(KEYS_OF_PROCESSES)?;
            open.maps.table_1.set_max_entries(KEYS_OF_PROCESSES)?;
        }
        self.counting.fit(&mut open)?;

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        let mut counting = self.counting;
        if !self.process {
            counting = counting.hiding(&["PID", "COMM"]);
        }
        if !self.latency {
            counting = counting.hiding(&["LATENCY_NS"]);
        }
        session.count::<syscalls>(&counting, &skel)
    }
}

register!(Syscount);
