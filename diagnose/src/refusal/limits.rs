//! Causes in the machine rather than the object: kernel version, settings, limits.

use bpfapps_explain::{Code, Failure};
use bpfapps_host::Release;
use bpfapps_host::capabilities::{CapSet, Capability, held, missing};
use bpfapps_host::settings::{self, LOCKDOWN, MEMLOCK_FREE_SINCE, lockdown, sysctl};
use libbpf_rs::MapType;
use nix::errno::Errno;

use super::Phase;

/// The first Linux version with a BPF ring buffer.
const RING_BUFFER_SINCE: &str = "5.8";

/// The machine state that can explain a refusal.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    version: Option<(u32, u32)>,
    /// True also if the kernel cannot be probed for it.
    has_ring_buffer: bool,
    /// `none`, `integrity` or `confidentiality`.
    lockdown: Option<String>,
    unprivileged_bpf_disabled: u8,
    perf_event_paranoid: i32,
    holds_bpf: bool,
    holds_perfmon: bool,
}

impl Limits {
    pub(super) fn look() -> Self {
        let held = held(CapSet::Effective);
        let holds = |capability| missing(&[capability], &held).is_empty();
        Self {
            version: Release::running().ok().map(|release| release.series()),
            has_ring_buffer: MapType::RingBuf.is_supported().unwrap_or(true),
            lockdown: lockdown(),
            unprivileged_bpf_disabled: sysctl("kernel.unprivileged_bpf_disabled").unwrap_or(0),
            perf_event_paranoid: sysctl("kernel.perf_event_paranoid").unwrap_or(-1),
            holds_bpf: holds(Capability::CAP_BPF),
            holds_perfmon: holds(Capability::CAP_PERFMON),
        }
    }

    /// The cause that explains `errno`; `oldest` is the oldest sufficient Linux version.
    pub(super) fn cause(
        &self,
        errno: Option<Errno>,
        phase: Phase,
        oldest: &str,
        uses_ring_buffer: bool,
    ) -> Option<Failure> {
        let running = self
            .version
            .map_or_else(|| "Linux".into(), |(a, b)| format!("Linux {a}.{b}"));
        let denied = matches!(errno, Some(Errno::EPERM | Errno::EACCES));
        // the probe itself requires permission to create a map
        if uses_ring_buffer && !self.has_ring_buffer && !denied {
            return Some(Failure::new(
                "this kernel has no BPF ring buffer",
                format!("use Linux {RING_BUFFER_SINCE} or newer: this is {running}"),
            ));
        }
        let needed = Release::parse(oldest).map(|release| release.series());
        if self.version < needed && self.version.is_some() {
            return Some(Failure::new(
                format!("{running} is too old"),
                format!("use Linux {oldest} or newer"),
            ));
        }
        // `integrity` refuses only programs that write into other processes. To the verifier a
        // helper disabled by lockdown is unknown: EINVAL.
        let locked = matches!(errno, Some(Errno::EPERM | Errno::EINVAL));
        if locked && self.lockdown.as_deref() == Some("confidentiality") {
            let failure = Failure::new(
                "kernel lockdown forbids reading kernel memory, also from BPF",
                format!("boot without lockdown=confidentiality: see {LOCKDOWN}"),
            );
            return Some(failure.code(Code::LOCKED_DOWN));
        }
        if phase == Phase::Load && errno == Some(Errno::EPERM) && !self.holds_bpf {
            return self.closed_to_unprivileged();
        }
        (denied && !self.holds_perfmon && self.perf_event_paranoid >= 0).then(|| {
            let paranoid = self.perf_event_paranoid;
            Failure::new(
                format!(
                    "perf events need CAP_PERFMON here: kernel.perf_event_paranoid is {paranoid}"
                ),
                "run it with sudo, or allow them for all users: sudo sysctl \
                 kernel.perf_event_paranoid=-1",
            )
            .code(Code::PERF_PARANOID)
        })
    }

    fn closed_to_unprivileged(&self) -> Option<Failure> {
        let hint = match self.unprivileged_bpf_disabled {
            0 => return None,
            1 => "run it with sudo: the setting cannot be changed until reboot",
            _ => "run it with sudo, or allow it: sudo sysctl kernel.unprivileged_bpf_disabled=0",
        };
        let disabled = self.unprivileged_bpf_disabled;
        Some(Failure::new(
            format!("BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is {disabled}"),
            hint,
        ))
    }
}

/// The limit of locked memory, if it can explain EPERM for a process that has all required
/// capabilities.
pub(super) fn memlock() -> Option<Failure> {
    let limit = settings::memlock().ok()??;
    too_small(Release::running().ok()?.series(), limit)
}

fn too_small(running: (u32, u32), limit: u64) -> Option<Failure> {
    let ((major, minor), (free_major, free_minor)) = (running, MEMLOCK_FREE_SINCE);
    (running < MEMLOCK_FREE_SINCE).then(|| {
        Failure::new(
            format!(
                "RLIMIT_MEMLOCK allows only {} KiB of BPF maps: this is Linux \
                 {major}.{minor}, and the limit applies before {free_major}.{free_minor}",
                limit / 1024
            ),
            "run it with sudo, or raise the limit as root: ulimit -l unlimited",
        )
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Error;
    use bpfapps_explain::report;

    use super::*;

    /// A machine without any restriction.
    fn open() -> Limits {
        Limits {
            version: Some((6, 1)),
            has_ring_buffer: true,
            lockdown: Some("none".into()),
            unprivileged_bpf_disabled: 0,
            perf_event_paranoid: -1,
            holds_bpf: true,
            holds_perfmon: true,
        }
    }

    fn cause(machine: &Limits, errno: Errno, phase: Phase) -> Option<String> {
        let cause = machine.cause(Some(errno), phase, "5.8", true)?;
        let reported = report(&Error::new(cause), "explain");
        let (_, reported) = reported.split_once(": ")?;
        let reported = reported.split("\nmore: ").next()?.trim_end();
        Some(reported.replace("\nhint: ", " | "))
    }

    #[test]
    fn each_cause_is_another_one() {
        let unprivileged = Limits {
            holds_bpf: false,
            holds_perfmon: false,
            ..open()
        };
        let cases = [
            (
                Limits {
                    has_ring_buffer: false,
                    version: Some((5, 4)),
                    ..open()
                },
                (Errno::EINVAL, Phase::Load),
                "this kernel has no BPF ring buffer | use Linux 5.8 or newer: this is Linux 5.4",
            ),
            (
                Limits {
                    version: Some((5, 7)),
                    ..open()
                },
                (Errno::ENOENT, Phase::Attach),
                "Linux 5.7 is too old | use Linux 5.8 or newer",
            ),
            (
                Limits {
                    lockdown: Some("confidentiality".into()),
                    ..open()
                },
                (Errno::EINVAL, Phase::Load),
                "kernel lockdown forbids reading kernel memory, also from BPF | boot without \
                 lockdown=confidentiality: see /sys/kernel/security/lockdown",
            ),
            (
                Limits {
                    unprivileged_bpf_disabled: 1,
                    ..unprivileged.clone()
                },
                (Errno::EPERM, Phase::Load),
                "BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is 1 | run it with sudo: \
                 the setting cannot be changed until reboot",
            ),
            (
                Limits {
                    unprivileged_bpf_disabled: 2,
                    // without permission to create maps, the kernel seems to have no ring buffer
                    has_ring_buffer: false,
                    perf_event_paranoid: 4,
                    ..unprivileged.clone()
                },
                (Errno::EPERM, Phase::Load),
                "BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is 2 | run it with sudo, \
                 or allow it: sudo sysctl kernel.unprivileged_bpf_disabled=0",
            ),
            (
                Limits {
                    perf_event_paranoid: 2,
                    ..unprivileged.clone()
                },
                (Errno::EACCES, Phase::Attach),
                "perf events need CAP_PERFMON here: kernel.perf_event_paranoid is 2 | run it with \
                 sudo, or allow them for all users: sudo sysctl kernel.perf_event_paranoid=-1",
            ),
        ];
        for (machine, (errno, phase), expected) in cases {
            let found = cause(&machine, errno, phase);
            assert_eq!(found.as_deref(), Some(expected), "{machine:?}");
        }
    }

    #[test]
    fn what_the_machine_does_not_explain_is_left_alone() {
        let locked = |to: &str| Limits {
            lockdown: Some(to.into()),
            ..open()
        };
        // EACCES from the verifier is unrelated to lockdown, and `integrity` explains nothing
        assert_eq!(
            cause(&locked("confidentiality"), Errno::EACCES, Phase::Load),
            None
        );
        assert_eq!(cause(&locked("integrity"), Errno::EPERM, Phase::Load), None);
        let strict = Limits {
            unprivileged_bpf_disabled: 2,
            perf_event_paranoid: 4,
            ..open()
        };
        for errno in [Errno::EPERM, Errno::EACCES, Errno::EINVAL, Errno::ENOENT] {
            for phase in [Phase::Load, Phase::Attach] {
                assert_eq!(cause(&strict, errno, phase), None);
            }
        }
    }

    #[test]
    fn memlock_is_a_cause_only_where_it_limits() {
        let words = too_small((5, 10), 65536).map(|failure| failure.to_string());
        let expected = "RLIMIT_MEMLOCK allows only 64 KiB of BPF maps: this is Linux 5.10, \
                        and the limit applies before 5.11";
        assert_eq!(words.as_deref(), Some(expected));
        assert!(too_small((5, 11), 65536).is_none());
    }
}
