//! Which capability a hook takes, and whether this process has it.

use bpfapps_explain::{Code, Failure};
use bpfapps_host::capabilities::{self, Capability};
use bpfapps_host::namespaces;

use crate::Target;

/// What is missing of the rights that `target` takes, if something is.
pub(super) fn cause(target: &Target<'_>) -> Option<Failure> {
    if let Ok(Some(lacking)) = capabilities::lacking(needed(target), false) {
        return Some(lacking);
    }
    (!namespaces::is_initial("user")?).then(|| {
        Failure::new(
            "in a user namespace no capability counts for that",
            "run it on the host as root; in a container, one that has no user namespace of its own",
        )
        .code(Code::MISSING_CAPABILITY)
    })
}

fn needed(target: &Target<'_>) -> &'static [Capability] {
    match target {
        // a setting may open these to everybody, and is told with its value
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
