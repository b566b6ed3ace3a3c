//! The capabilities that a hook requires, compared with those of this process.

use bpfapps_explain::{Code, Failure};
use bpfapps_host::capabilities::{self, Capability};
use bpfapps_host::namespaces;

use crate::Target;

/// The failure if this process lacks a right that `target` requires.
pub(super) fn cause(target: &Target<'_>) -> Option<Failure> {
    if let Ok(Some(lacking)) = capabilities::lacking(needed(target), false) {
        return Some(lacking);
    }
    user_namespace()
}

/// The failure that explains each EPERM of a process in a user namespace.
pub fn user_namespace() -> Option<Failure> {
    (!namespaces::is_initial("user")?).then(|| {
        Failure::new(
            "this is a user namespace, whose capabilities do not count for BPF",
            "run it as root on the host, or in a container without its own user namespace",
        )
        .code(Code::MISSING_CAPABILITY)
    })
}

fn needed(target: &Target<'_>) -> &'static [Capability] {
    match target {
        // a setting can open these to everyone; `Limits` reports it with its value
        Target::Tracepoint(_) | Target::PerfEvent => &[],
        Target::Function(_)
        | Target::Functions(_)
        | Target::Syscall(_)
        | Target::Symbol { .. }
        | Target::Probe { .. }
        | Target::RawTracepoint(_)
        | Target::TypedTracepoint(_)
        | Target::Trampoline(_)
        | Target::Lsm(_)
        | Target::Iterator(_) => &[Capability::CAP_PERFMON],
        Target::Interface(..)
        | Target::ClassicTc(_)
        | Target::Cgroup(..)
        | Target::Network
        | Target::Netfilter { .. }
        | Target::StructOps(_) => &[Capability::CAP_NET_ADMIN],
        Target::Socket => &[Capability::CAP_NET_RAW],
    }
}
