//! Each file that a process opens, or tries to, live; on kernels without a ring buffer, too.
//!
//! Hooks: tp/syscalls/sys_enter_openat, tp/syscalls/sys_exit_openat.
//! Needs: Linux {{ kernel }}, tracefs, CAP_BPF, CAP_PERFMON.

use std::mem::MaybeUninit;
use std::time::Duration;

use bpfapps_core::host::hooks::tracefs;
use bpfapps_core::{
    App, Document, Needs, Result, Session, Stream, only_pid, register, rodata, skeleton,
};
use nix::time::{ClockId, clock_gettime};

skeleton!("{{ name }}");

/// Trace files that are opened, through a perf buffer
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only what this process does
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Report only files that could not be opened
    #[arg(short = 'x', long)]
    failed: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").tracefs();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        rodata.only_failed = self.failed.into();

        let mut skel = session.load(open)?;
        tracefs::find_or_mount()?;
        // before the programs run, so that there is a ring for what they see
        let records =
            session.perf_buffer::<event>(&self.stream, &skel.maps.rings, |event| event.time_ns)?;
        session.attach(&mut skel)?;

        let mut rows = session.rows::<event>(&self.stream)?;
        session.poll_perf_buffer(&self.stream, &records, &skel, |&opened| {
            let time_ns = opened.time_ns + suspended_ns()?;
            rows.write(&event { time_ns, ..opened })
        })
    }
}

/// Time that the machine was suspended since boot, in nanoseconds: CLOCK_BOOTTIME counts it,
/// CLOCK_MONOTONIC does not.
fn suspended_ns() -> Result<u64> {
    let since = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
    let all = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    // below a millisecond it is the time between the two readings
    let suspended = all.saturating_sub(since).as_millis();
    Ok(u64::try_from(suspended)? * 1_000_000)
}

register!({{ Name }});
