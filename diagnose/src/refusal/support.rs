//! Hooks that a kernel does not have: too old, or built without them. The kernel is asked, and its
//! version is only told.

use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::{Hooks, btf, has_kprobes, no_kprobes, no_uprobes};
use bpfapps_host::{Release, interfaces};
use libbpf_rs::ProgramType;
use nix::errno::Errno;

use crate::{InterfaceHook, Target};

/// The kernel's own ENOTSUPP is no number of user space.
const UNSUPPORTED: Errno = Errno::UnknownErrno;

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
pub(super) fn cause(
    target: &Target<'_>,
    errno: Errno,
    log: &str,
    hooks: &Hooks,
) -> Option<Failure> {
    match *target {
        Target::Interface(InterfaceHook::XdpNative | InterfaceHook::XdpSkb, index) => match errno {
            Errno::EOPNOTSUPP => Some(no_driver(index)),
            Errno::EINVAL => XDP_LINK
                .missing()
                .or_else(|| Some(refused_by_driver(index))),
            _ => None,
        },
        Target::Interface(..) => TCX.missing(),
        Target::Netfilter { .. } => NETFILTER.missing(),
        Target::Functions(_) => KPROBE_MULTI.missing().or_else(|| no_tracefs(hooks)),
        Target::Cgroup(..) => CGROUP_LINK.missing(),
        Target::Network => SK_LOOKUP.missing(),
        Target::Iterator(_) => ITERATORS.missing(),
        Target::StructOps(_) => STRUCT_OPS.missing(),
        Target::Probe { .. } if log.contains("without specific PID is not supported") => {
            let hint = "name the process, with --pid; or take Linux 5.15 or newer, and this is";
            Some(no_support(
                "this kernel has such probes in one process only",
                format!("{hint} {}", this()),
            ))
        }
        Target::Function(_) | Target::Syscall(_) if !has_kprobes() => {
            no_kprobes().map(Failure::from)
        }
        Target::Symbol { .. } | Target::Probe { .. } => no_uprobes().map(Failure::from),
        _ => untraceable(target, errno),
    }
}

impl Feature {
    /// Without BTF nobody knows.
    fn missing(&self) -> Option<Failure> {
        if btf::kernel_has(self.has)? {
            return None;
        }
        let what = self.what;
        let hint = match btf::kernel_has(self.knows)? {
            true => format!("take one that is built with {}", self.option),
            false => format!(
                "it is in Linux {} and newer, and this is {}",
                self.since,
                this()
            ),
        };
        Some(no_support(format!("this kernel has no {what}"), hint))
    }
}

/// A type of programs that this kernel does not know.
pub(super) fn no_type(kind: ProgramType) -> Option<Failure> {
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
        no_support(
            format!("this kernel has no BPF programs of the type {kind:?}"),
            format!(
                "they are in Linux {since} and newer, if it is built with them, and this is {}",
                this()
            ),
        )
    })
}

fn no_support(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(message, hint).code(Code::NO_SUPPORT)
}

/// Why tracefs can't be read, if it can't.
pub(super) fn no_tracefs(hooks: &Hooks) -> Option<Failure> {
    let failure = hooks.tracefs_failure().cloned();
    failure.map(|failure| failure.code(Code::NO_TRACEFS))
}

fn this() -> String {
    let series = Release::running().map(|release| release.series());
    series.map_or_else(|_| "Linux".into(), |(a, b)| format!("Linux {a}.{b}"))
}

/// The function is there, and may not be touched.
fn untraceable(target: &Target<'_>, errno: Errno) -> Option<Failure> {
    let cause =
        |message: &str, hint: &str| Some(Failure::new(message, hint).code(Code::NOT_TRACEABLE));
    match (target, errno) {
        (Target::Function(_) | Target::Syscall(_), Errno::EADDRNOTAVAIL) => cause(
            "this kernel has several functions of that name",
            "trace one that calls it, or is called by it",
        ),
        (Target::Function(_), Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOENT) => cause(
            "the kernel does not let it be probed",
            "see /sys/kernel/debug/kprobes/blacklist; trace one that calls it, or is called by it",
        ),
        (Target::Trampoline(_), UNSUPPORTED) => Some(no_support(
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

fn no_driver(index: i32) -> Failure {
    let name = interfaces::name(index.unsigned_abs());
    Failure::new(
        format!("the driver of {name} has no XDP"),
        "take the generic mode, which any driver will do for: --mode skb, or InterfaceHook::XdpSkb",
    )
    .code(Code::XDP_DRIVER)
}

fn refused_by_driver(index: i32) -> Failure {
    let name = interfaces::name(index.unsigned_abs());
    Failure::new(
        format!("{name} takes no XDP as it is set up"),
        "packets may be larger than a page (ip link set mtu), or joined by the card (ethtool -K \
         lro off); dmesg may tell; the generic mode asks for less",
    )
    .code(Code::XDP_DRIVER)
}
