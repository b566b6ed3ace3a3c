//! Number and size of a process's writes: one program, with maps in place of global variables.
//!
//! Hooks: tp/syscalls/sys_enter_write.
//! Needs: Linux {{ kernel }}, tracefs, CAP_BPF, CAP_PERFMON.

use std::io::{Write as _, stderr};
use std::mem::MaybeUninit;
use std::process;
use std::time::Duration;

use bpfapps_core::host::Release;
use bpfapps_core::host::hooks::tracefs;
use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Capability, Context, Failure, Needs, Record as _, Result, Session, register, skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};

skeleton!("{{ name }}");

/// The only key of each map.
const KEY: [u8; 4] = 0_u32.to_ne_bytes();

/// CAP_BPF exists since this version; before, loading required CAP_SYS_ADMIN.
const CAP_BPF_SINCE: (u32, u32) = (5, 8);

/// Count the writes of a process, without global variables
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Watch this process, rather than this program and its dots
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Show one line, and end
    #[arg(long)]
    once: bool,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read a map, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").tracefs().keeps(&[Capability::CAP_BPF]);

    fn run(self, session: &Session) -> Result<()> {
        if PidNamespace::own()?.ino != 0 {
            return Err(Failure::new(
                "processes have other numbers here than the kernel knows them by: this is a container",
                "run it on the host",
            )
            .into());
        }
        let mut object = MaybeUninit::uninit();
        let open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let mut skel = session.load(open)?;

        // Until this update the program matches no process.
        let pid = self.pid.unwrap_or(process::id());
        skel.maps
            .watched_pid
            .update(&KEY, &pid.to_ne_bytes(), MapFlags::ANY)
            .context("failed to set the process to watch")?;
        tracefs::find_or_mount()?;
        session.attach(&mut skel)?;
        if Release::running()?.is_at_least(CAP_BPF_SINCE) {
            session.give_up_privileges()?;
        }

        session.say("Successfully started!")?;
        loop {
            if self.pid.is_none() {
                // Without stderr the dot is not seen, but the program has run.
                let _ = stderr().write_all(b".");
            }
            let bytes = skel.maps.total.lookup(&KEY, MapFlags::ANY)?;
            let bytes = bytes.context("the array has no element")?;
            let total = writes::read(&mut bytes.as_slice())?;
            session.say(&line(pid, &total))?;
            if self.once || session.sleep(Duration::from_secs(1))? {
                return Ok(());
            }
        }
    }
}

fn line(pid: u32, total: &writes) -> String {
    format!("PID {pid} has written {} times, {} bytes", total.calls, total.bytes)
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_calls_and_bytes() {
        let total = writes { calls: 3, bytes: 45 };
        assert_eq!(line(42, &total), "PID 42 has written 3 times, 45 bytes");
    }
}
