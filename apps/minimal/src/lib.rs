//! The smallest BPF application: one program, one global variable, one line of trace.
//!
//! Hooks: tp/syscalls/sys_enter_write.
//! Needs: Linux 5.5, tracefs, CAP_BPF, CAP_PERFMON.

use std::io::{Write as _, stderr};
use std::mem::MaybeUninit;
use std::process;
use std::time::{Duration, Instant};

use bpfapps_core::host::hooks::tracefs;
use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Error, Failure, Needs, Result, Session, TraceProgram, bss, register, rodata, skeleton,
};

skeleton!("minimal");

/// How long `--once` waits for its line.
const PATIENCE: Duration = Duration::from_secs(3);

/// Print a line to the kernel's trace from BPF, and show it
#[derive(Debug, clap::Args)]
struct Minimal {
    /// Trigger the program once, show its line, and end
    #[arg(long)]
    once: bool,
}

impl App for Minimal {
    const NAME: &'static str = "minimal";

    const NEEDS: Needs = Needs::linux("5.5").tracefs();

    // its line, since Linux 5.9
    const ALSO_LOADS: &'static [&'static str] = &["trace"];

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open(MinimalSkelBuilder::default(), &mut object)?;
        let pidns = PidNamespace::own()?;
        let rodata = rodata(&mut open)?;
        (rodata.pidns_dev, rodata.pidns_ino) = (pidns.dev, pidns.ino);

        let mut skel = session.load(open)?;
        // Until this assignment the program matches no process.
        bss(&mut skel)?.my_pid = process::id().try_into()?;

        tracefs::find_or_mount()?;
        session.attach(&mut skel)?;
        let mut trace_object = MaybeUninit::uninit();
        let mut program = TraceProgram::attach(session, &mut trace_object)?;
        let mut trace = program.lines()?;
        session.give_up_privileges()?;

        session.say("Successfully started!")?;
        let start = Instant::now();
        loop {
            let lines = trace.record(trigger)?;
            for line in &lines {
                session.say(line)?;
            }
            if self.once && !lines.is_empty() {
                return Ok(());
            }
            if self.once && start.elapsed() >= PATIENCE {
                return Err(no_line());
            }
            if session.sleep(Duration::from_secs(1))? {
                return Ok(());
            }
        }
    }
}

/// The write(2) that the program waits for.
fn trigger() {
    // Without stderr the dot is not seen, but the program has been triggered.
    let _ = stderr().write_all(b".");
}

fn no_line() -> Error {
    Failure::new(
        format!("no trace line came within {} s", PATIENCE.as_secs()),
        "likely the kernel is older than Linux 5.9, or locked down (see \
         /sys/kernel/security/lockdown), or other BPF programs kept this one from running: look \
         into trace_pipe in tracefs",
    )
    .into()
}

register!(Minimal);
