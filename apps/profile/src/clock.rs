//! What interrupts the CPUs in order to sample them.

use std::io;
use std::os::fd::IntoRawFd as _;

use bpfapps_core::host::settings::sysctl;
use bpfapps_core::{Failure, Result, Session, Target, bail};
use libbpf_rs::{Link, ProgramMut};
use nix::errno::Errno;
use perf_event::events::{Event, Hardware, Software};
use perf_event::{Builder, Counter};

const MOST: &str = "kernel.perf_event_max_sample_rate";
const LIMIT: &str = "kernel.perf_cpu_time_max_percent";

/// Refuses a rate that the kernel does not allow. It lowers what it allows by itself where samples
/// take it too long, as on a small board.
pub(crate) fn check(hz: u64) -> Result<()> {
    let most: Option<u64> = sysctl(MOST);
    match most {
        Some(most) if hz > most => bail!(Failure::new(
            format!("--hz {hz} is more than this kernel allows, which is {most}"),
            format!("take --hz {most}, or {}", raise(hz, sysctl(LIMIT))),
        )),
        _ => Ok(()),
    }
}

/// How to let the kernel allow a rate, with the percentage of a CPU that samples may take.
fn raise(hz: u64, percent: Option<u64>) -> String {
    match percent {
        // no limit on the time, and none that can be changed on the rate
        Some(0 | 100) => format!("allow more: sysctl {LIMIT}=25 {MOST}={hz}"),
        _ => format!(
            "allow more: sysctl {MOST}={hz}, which the kernel lowers again if samples take it too long"
        ),
    }
}

/// Attaches to each CPU that is switched on, for as long as the links live.
pub(crate) fn attach(session: &Session, program: &ProgramMut<'_>, hz: u64) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    for cpu in 0..libbpf_rs::num_possible_cpus()? {
        // a virtual machine often has no counter of cycles
        let counter =
            count(Hardware::CPU_CYCLES, cpu, hz).or_else(|_| count(Software::CPU_CLOCK, cpu, hz));
        match counter {
            // the link closes it
            Ok(counter) => {
                links.push(session.attach_to(program.name(), Target::PerfEvent, || {
                    program.attach_perf_event(counter.into_raw_fd())
                })?)
            }
            Err(err) if err.raw_os_error() == Some(Errno::ENODEV as i32) => {}
            Err(err) => {
                session.attach_to(program.name(), Target::PerfEvent, || Err::<(), _>(err))?;
            }
        }
    }
    log::info!("{} CPUs are sampled", links.len());
    Ok(links)
}

fn count(event: impl Event, cpu: usize, hz: u64) -> io::Result<Counter> {
    let mut builder = Builder::new(event);
    builder
        .one_cpu(cpu)
        .any_pid()
        .include_kernel()
        .sample_frequency(hz)
        .build()
}

#[cfg(test)]
mod tests {
    use super::raise;

    #[test]
    fn limit_that_can_not_be_changed_is_switched_on_first() {
        for percent in [Some(0), Some(100)] {
            assert_eq!(
                raise(997, percent),
                "allow more: sysctl kernel.perf_cpu_time_max_percent=25 \
                 kernel.perf_event_max_sample_rate=997"
            );
        }
        for percent in [None, Some(25)] {
            let words = raise(997, percent);
            assert!(
                words.contains(": sysctl kernel.perf_event_max_sample_rate=997, "),
                "{words}"
            );
        }
    }
}
