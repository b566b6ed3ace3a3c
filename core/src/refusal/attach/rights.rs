//! Which capability a hook takes, and whether this process has it.

use std::fs;

use bpfapps_explain::Code;
use caps::Capability;

use super::Cause;
use crate::hook::Hook;
use crate::{Target, privileges};

/// What the user namespace of the host is called: the same on every machine.
const HOST: &str = "user:[4026531837]";

/// What is missing of the rights that `target` takes, if something is.
pub(super) fn cause(target: &Target<'_>) -> Option<Cause> {
    let needed = needed(target);
    if let Ok(Some((message, hint))) = privileges::lacking(needed) {
        return Some(Cause::new(Code::MISSING_CAPABILITY, message, hint));
    }
    let namespace = fs::read_link("/proc/self/ns/user").ok()?;
    (namespace.as_os_str() != HOST).then(|| {
        Cause::new(
            Code::MISSING_CAPABILITY,
            "in a user namespace no capability counts for that",
            "run it on the host as root; in a container, one that has no user namespace of its own",
        )
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
        | Target::Trampoline(_)
        | Target::Lsm(_)
        | Target::Iterator(_) => &[Capability::CAP_PERFMON],
        Target::Interface(
            Hook::XdpNative | Hook::XdpSkb | Hook::TcxIngress | Hook::TcxEgress,
            _,
        )
        | Target::ClassicTc(_)
        | Target::Cgroup(..)
        | Target::Network
        | Target::Netfilter { .. }
        | Target::StructOps(_) => &[Capability::CAP_NET_ADMIN],
        Target::Socket => &[Capability::CAP_NET_RAW],
    }
}
