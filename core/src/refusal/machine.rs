use bpfapps_explain::Code;
use caps::{CapSet, Capability};
use libbpf_rs::MapType;
use nix::errno::Errno;

use super::Phase;
use crate::machine::{LOCKDOWN, lockdown, sysctl};
use crate::{Failure, Needs, kernel};

/// The first Linux with a BPF ring buffer.
const RING_BUFFER_SINCE: &str = "5.8";

/// What a machine shows of the reasons that its kernel may have.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    version: Option<(u32, u32)>,
    /// Without an answer from the kernel it is taken to be there.
    has_ring_buffer: bool,
    /// `none`, `integrity` or `confidentiality`
    lockdown: Option<String>,
    unprivileged_bpf_disabled: u8,
    perf_event_paranoid: i32,
    holds_bpf: bool,
    holds_perfmon: bool,
}

impl Machine {
    pub(super) fn look() -> Self {
        let held = caps::read(None, CapSet::Effective).unwrap_or_default();
        let holds =
            |capability| held.contains(&capability) || held.contains(&Capability::CAP_SYS_ADMIN);
        Self {
            version: kernel::version().ok(),
            has_ring_buffer: MapType::RingBuf.is_supported().unwrap_or(true),
            lockdown: lockdown(),
            unprivileged_bpf_disabled: sysctl("kernel.unprivileged_bpf_disabled").unwrap_or(0),
            perf_event_paranoid: sysctl("kernel.perf_event_paranoid").unwrap_or(-1),
            holds_bpf: holds(Capability::CAP_BPF),
            holds_perfmon: holds(Capability::CAP_PERFMON),
        }
    }

    /// What of it explains that the kernel refuses with `errno`.
    pub(super) fn cause(
        &self,
        errno: Option<Errno>,
        phase: Phase,
        needs: &Needs,
        uses_ring_buffer: bool,
    ) -> Option<Failure> {
        let running = self
            .version
            .map_or_else(|| "Linux".into(), |(a, b)| format!("Linux {a}.{b}"));
        let denied = matches!(errno, Some(Errno::EPERM | Errno::EACCES));
        // Without the right to make a map the kernel can not be asked for one.
        if uses_ring_buffer && !self.has_ring_buffer && !denied {
            return Some(Failure::new(
                "this kernel has no BPF ring buffer",
                format!("it is in Linux {RING_BUFFER_SINCE} and newer, and this is {running}"),
            ));
        }
        if self.version < kernel::parse(needs.kernel) && self.version.is_some() {
            return Some(Failure::new(
                format!("this is {running}, too old"),
                format!("it needs Linux {} or newer", needs.kernel),
            ));
        }
        // `integrity` keeps no program out but one that writes into other processes. A helper that
        // is locked away is unknown to the verifier: EINVAL.
        let locked = matches!(errno, Some(Errno::EPERM | Errno::EINVAL));
        if locked && self.lockdown.as_deref() == Some("confidentiality") {
            let failure = Failure::new(
                "the kernel is locked down against reading its memory, by BPF too",
                format!("boot it without lockdown=confidentiality: see {LOCKDOWN}"),
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
                "run it with sudo, or open them to all: sudo sysctl kernel.perf_event_paranoid=-1",
            )
            .code(Code::PERF_PARANOID)
        })
    }

    fn closed_to_unprivileged(&self) -> Option<Failure> {
        let hint = match self.unprivileged_bpf_disabled {
            0 => return None,
            1 => "run it with sudo: until a reboot nobody can change that",
            _ => "run it with sudo, or open it: sudo sysctl kernel.unprivileged_bpf_disabled=0",
        };
        let disabled = self.unprivileged_bpf_disabled;
        Some(Failure::new(
            format!("BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is {disabled}"),
            hint,
        ))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Error;

    use super::*;
    use crate::report;

    const NOTHING: Needs = Needs {
        kernel: "5.8",
        btf: false,
        tracefs: false,
        capabilities: &[],
        keeps: &[],
    };

    /// A machine that refuses nothing.
    fn open() -> Machine {
        Machine {
            version: Some((6, 1)),
            has_ring_buffer: true,
            lockdown: Some("none".into()),
            unprivileged_bpf_disabled: 0,
            perf_event_paranoid: -1,
            holds_bpf: true,
            holds_perfmon: true,
        }
    }

    fn cause(machine: &Machine, errno: Errno, phase: Phase) -> Option<String> {
        let cause = machine.cause(Some(errno), phase, &NOTHING, true)?;
        let told = report(&Error::new(cause));
        let (_, told) = told.split_once(": ")?;
        let told = told.split("\nmore: ").next()?.trim_end();
        Some(told.replace("\nhint: ", " | "))
    }

    #[test]
    fn each_cause_is_another_one() {
        let unprivileged = Machine {
            holds_bpf: false,
            holds_perfmon: false,
            ..open()
        };
        let cases = [
            (
                Machine {
                    has_ring_buffer: false,
                    version: Some((5, 4)),
                    ..open()
                },
                (Errno::EINVAL, Phase::Load),
                "this kernel has no BPF ring buffer | it is in Linux 5.8 and newer, and this is \
                 Linux 5.4",
            ),
            (
                Machine {
                    version: Some((5, 7)),
                    ..open()
                },
                (Errno::ENOENT, Phase::Attach),
                "this is Linux 5.7, too old | it needs Linux 5.8 or newer",
            ),
            (
                Machine {
                    lockdown: Some("confidentiality".into()),
                    ..open()
                },
                (Errno::EINVAL, Phase::Load),
                "the kernel is locked down against reading its memory, by BPF too | boot it \
                 without lockdown=confidentiality: see /sys/kernel/security/lockdown",
            ),
            (
                Machine {
                    unprivileged_bpf_disabled: 1,
                    ..unprivileged.clone()
                },
                (Errno::EPERM, Phase::Load),
                "BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is 1 | run it with sudo: \
                 until a reboot nobody can change that",
            ),
            (
                Machine {
                    unprivileged_bpf_disabled: 2,
                    // without the right to make maps the kernel seems to have no ring buffer
                    has_ring_buffer: false,
                    perf_event_paranoid: 4,
                    ..unprivileged.clone()
                },
                (Errno::EPERM, Phase::Load),
                "BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is 2 | run it with sudo, \
                 or open it: sudo sysctl kernel.unprivileged_bpf_disabled=0",
            ),
            (
                Machine {
                    perf_event_paranoid: 2,
                    ..unprivileged.clone()
                },
                (Errno::EACCES, Phase::Attach),
                "perf events need CAP_PERFMON here: kernel.perf_event_paranoid is 2 | run it with \
                 sudo, or open them to all: sudo sysctl kernel.perf_event_paranoid=-1",
            ),
        ];
        for (machine, (errno, phase), expected) in cases {
            let found = cause(&machine, errno, phase);
            assert_eq!(found.as_deref(), Some(expected), "{machine:?}");
        }
    }

    #[test]
    fn what_the_machine_does_not_explain_is_left_alone() {
        let locked = |to: &str| Machine {
            lockdown: Some(to.into()),
            ..open()
        };
        // the verifier's EACCES has nothing to do with a lockdown, and `integrity` with nothing
        assert_eq!(
            cause(&locked("confidentiality"), Errno::EACCES, Phase::Load),
            None
        );
        assert_eq!(cause(&locked("integrity"), Errno::EPERM, Phase::Load), None);
        let strict = Machine {
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
}
