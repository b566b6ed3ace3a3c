//! Hooks that a kernel does not have: too old, or built without them. The kernel is asked, and its
//! version is only told.

use std::path::Path;

use bpfapps_explain::Code;
use libbpf_rs::ProgramType;
use nix::errno::Errno;

use super::{Cause, exists};
use crate::hook::Hook;
use crate::refusal::kernel_btf;
use crate::{Target, kallsyms, kernel, net};

/// The kernel's own ENOTSUPP is no number of user space.
const UNSUPPORTED: Errno = Errno::UnknownErrno;

/// Where perf lists what it can attach to.
const UPROBES: &str = "/sys/bus/event_source/devices/uprobe";

/// Something that a kernel has since some version, if it is built with it.
struct Feature {
    what: &'static str,
    /// A type that is in the kernel's BTF where it has that
    has: &'static str,
    /// A constant that is there as well where it could have been built with it
    knows: &'static str,
    option: &'static str,
    since: &'static str,
}

const TCX: Feature = Feature {
    what: "tcx",
    has: "tcx_link",
    knows: "BPF_TCX_INGRESS",
    option: "CONFIG_NET_XGRESS",
    since: "6.6",
};

const XDP_LINK: Feature = Feature {
    what: "links for XDP",
    has: "bpf_xdp_link",
    knows: "BPF_XDP",
    option: "CONFIG_NET",
    since: "5.9",
};

const NETFILTER: Feature = Feature {
    what: "BPF for netfilter",
    has: "bpf_nf_link",
    knows: "BPF_NETFILTER",
    option: "CONFIG_NETFILTER_BPF_LINK",
    since: "6.4",
};

const KPROBE_MULTI: Feature = Feature {
    what: "kprobe.multi",
    has: "bpf_kprobe_multi_link",
    knows: "BPF_TRACE_KPROBE_MULTI",
    option: "CONFIG_FPROBE",
    since: "5.18",
};

const CGROUP_LINK: Feature = Feature {
    what: "links for cgroups",
    has: "bpf_cgroup_link",
    knows: "BPF_CGROUP_INET_INGRESS",
    option: "CONFIG_CGROUP_BPF",
    since: "5.7",
};

const SK_LOOKUP: Feature = Feature {
    what: "sk_lookup",
    has: "bpf_sk_lookup_kern",
    knows: "BPF_SK_LOOKUP",
    option: "CONFIG_INET",
    since: "5.9",
};

const ITERATORS: Feature = Feature {
    what: "BPF iterators",
    has: "bpf_iter_link",
    knows: "BPF_TRACE_ITER",
    option: "CONFIG_BPF_SYSCALL",
    since: "5.8",
};

const STRUCT_OPS: Feature = Feature {
    what: "links for struct_ops",
    has: "bpf_struct_ops_link",
    knows: "BPF_STRUCT_OPS",
    option: "CONFIG_BPF_JIT",
    since: "6.4",
};

/// What `target` takes that this kernel does not have, or why it can not be had there.
pub(super) fn cause(target: &Target<'_>, errno: Errno, log: &str) -> Option<Cause> {
    match *target {
        Target::Interface(Hook::XdpNative | Hook::XdpSkb, index) => match errno {
            Errno::EOPNOTSUPP => Some(no_driver(index)),
            Errno::EINVAL => XDP_LINK
                .missing()
                .or_else(|| Some(refused_by_driver(index))),
            _ => None,
        },
        Target::Interface(..) => TCX.missing(),
        Target::Netfilter { .. } => NETFILTER.missing(),
        Target::Functions(_) => KPROBE_MULTI.missing().or_else(exists::no_tracefs),
        Target::Cgroup(..) => CGROUP_LINK.missing(),
        Target::Network => SK_LOOKUP.missing(),
        Target::Iterator(_) => ITERATORS.missing(),
        Target::StructOps(_) => STRUCT_OPS.missing(),
        Target::Probe { .. } if log.contains("without specific PID is not supported") => {
            let hint = "name the process, with --pid; or take Linux 5.15 or newer, and this is";
            Some(Cause::new(
                Code::NO_SUPPORT,
                "this kernel has such probes in one process only",
                format!("{hint} {}", this()),
            ))
        }
        Target::Function(_) | Target::Syscall(_) if !kallsyms::has_kprobes() => Some(Cause::new(
            Code::NO_PROBES,
            "this kernel has no kprobes: it is built without CONFIG_KPROBE_EVENTS",
            "take a tracepoint, or a kernel that is built with it",
        )),
        Target::Symbol { .. } | Target::Probe { .. } if !Path::new(UPROBES).exists() => {
            Some(Cause::new(
                Code::NO_PROBES,
                "this kernel has no uprobes: it is built without CONFIG_UPROBE_EVENTS",
                "take a kernel that is built with it",
            ))
        }
        _ => untraceable(target, errno),
    }
}

impl Feature {
    /// Without BTF nobody knows.
    fn missing(&self) -> Option<Cause> {
        if kernel_btf::has(self.has)? {
            return None;
        }
        let what = self.what;
        let hint = match kernel_btf::has(self.knows)? {
            true => format!("take one that is built with {}", self.option),
            false => format!(
                "it is in Linux {} and newer, and this is {}",
                self.since,
                this()
            ),
        };
        Some(Cause::new(
            Code::NO_SUPPORT,
            format!("this kernel has no {what}"),
            hint,
        ))
    }
}

/// A type of programs that this kernel does not know.
pub(super) fn no_type(kind: ProgramType) -> Option<Cause> {
    let since = match kind {
        ProgramType::Tracing => "5.5",
        ProgramType::StructOps | ProgramType::Ext => "5.6",
        ProgramType::Lsm => "5.7",
        ProgramType::SkLookup => "5.9",
        ProgramType::Syscall => "5.14",
        ProgramType::Netfilter => "6.4",
        _ => return None,
    };
    // where the kernel gives no answer it is not the reason
    (!kind.is_supported().unwrap_or(true)).then(|| {
        Cause::new(
            Code::NO_SUPPORT,
            format!("this kernel has no BPF programs of the type {kind:?}"),
            format!(
                "they are in Linux {since} and newer, if it is built with them, and this is {}",
                this()
            ),
        )
    })
}

/// A struct of functions that this kernel does not have.
pub(super) fn no_struct_ops(name: &str) -> Cause {
    // the kernel keeps each that it takes in one of these
    let all = kernel_btf::names("bpf_struct_ops_");
    exists::missing(
        Code::NO_HOOK,
        "this kernel has no such struct",
        name,
        &all,
        "it may be of a newer kernel, or of a module that is not loaded",
    )
}

fn this() -> String {
    kernel::version().map_or_else(|_| "Linux".into(), |(a, b)| format!("Linux {a}.{b}"))
}

/// The function is there, and may not be touched.
fn untraceable(target: &Target<'_>, errno: Errno) -> Option<Cause> {
    let cause = |message: &str, hint: &str| Some(Cause::new(Code::NOT_TRACEABLE, message, hint));
    match (target, errno) {
        (Target::Function(_) | Target::Syscall(_), Errno::EADDRNOTAVAIL) => cause(
            "this kernel has several functions of that name",
            "trace one that calls it, or is called by it",
        ),
        (Target::Function(_), Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOENT) => cause(
            "the kernel does not let it be probed",
            "see /sys/kernel/debug/kprobes/blacklist; trace one that calls it, or is called by it",
        ),
        (Target::Trampoline(_), UNSUPPORTED) => Some(Cause::new(
            Code::NO_SUPPORT,
            "this kernel has no trampolines for BPF programs",
            "take a kprobe, or a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
        )),
        (Target::Trampoline(_), Errno::EBUSY | Errno::EINVAL | Errno::ENODEV) => cause(
            "the kernel does not let it be traced",
            "see available_filter_functions in tracefs; trace one that calls it, or is called by it",
        ),
        _ => None,
    }
}

fn no_driver(index: i32) -> Cause {
    let name = net::interface_name(index.unsigned_abs());
    Cause::new(
        Code::XDP_DRIVER,
        format!("the driver of {name} has no XDP"),
        "take the generic mode, which any driver will do for: --mode skb, or Hook::XdpSkb",
    )
}

fn refused_by_driver(index: i32) -> Cause {
    let name = net::interface_name(index.unsigned_abs());
    Cause::new(
        Code::XDP_DRIVER,
        format!("{name} takes no XDP as it is set up"),
        "packets may be larger than a page (ip link set mtu), or joined by the card (ethtool -K \
         lro off); dmesg may tell; the generic mode asks for less",
    )
}
