//! Hooks that a kernel does not support: too old, or built without them. The kernel is probed; its
//! version is only reported.

use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::{Hooks, btf, has_kprobes, no_kprobes, no_uprobes};
use bpfapps_host::{Release, interfaces};
use libbpf_rs::ProgramType;
use nix::errno::Errno;

use crate::{InterfaceHook, Target};

/// The kernel's internal ENOTSUPP, which user space does not define.
const UNSUPPORTED: Errno = Errno::UnknownErrno;

/// A kernel feature, with its first version and its build option.
struct Feature {
    what: &'static str,
    /// A type in the kernel's BTF if it has the feature.
    has: &'static str,
    /// A constant in the kernel's BTF if it could have been built with the feature.
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

/// The failure if this kernel lacks a feature that `target` requires, or refuses this target.
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
            let hint = "name the process with --pid, or use Linux 5.15 or newer: this is";
            Some(no_support(
                "this kernel supports USDT probes only in a single process",
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
    /// `None` also without BTF, because the feature cannot be probed then.
    fn missing(&self) -> Option<Failure> {
        if btf::kernel_has(self.has)? {
            return None;
        }
        let what = self.what;
        let hint = match btf::kernel_has(self.knows)? {
            true => format!("use a kernel built with {}", self.option),
            false => format!("use Linux {} or newer: this is {}", self.since, this()),
        };
        Some(no_support(format!("this kernel has no {what}"), hint))
    }
}

/// The failure if this kernel does not support the program type.
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
    // a failed probe does not make it the cause
    (!kind.is_supported().unwrap_or(true)).then(|| {
        no_support(
            format!("this kernel does not support BPF programs of type {kind:?}"),
            format!(
                "use Linux {since} or newer, built with support for them: this is {}",
                this()
            ),
        )
    })
}

fn no_support(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(message, hint).code(Code::NO_SUPPORT)
}

/// The failure if tracefs cannot be read.
pub(super) fn no_tracefs(hooks: &Hooks) -> Option<Failure> {
    let failure = hooks.tracefs_failure().cloned();
    failure.map(|failure| failure.code(Code::NO_TRACEFS))
}

fn this() -> String {
    let series = Release::running().map(|release| release.series());
    series.map_or_else(|_| "Linux".into(), |(a, b)| format!("Linux {a}.{b}"))
}

/// The failure for a function that exists but cannot be traced.
fn untraceable(target: &Target<'_>, errno: Errno) -> Option<Failure> {
    let cause =
        |message: &str, hint: &str| Some(Failure::new(message, hint).code(Code::NOT_TRACEABLE));
    match (target, errno) {
        (Target::Function(_) | Target::Syscall(_), Errno::EADDRNOTAVAIL) => cause(
            "this kernel has several functions of that name",
            "trace a caller or a callee instead",
        ),
        (Target::Function(_), Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOENT) => cause(
            "the kernel does not allow probing it",
            "see /sys/kernel/debug/kprobes/blacklist; trace a caller or a callee instead",
        ),
        (Target::Trampoline(_), UNSUPPORTED) => Some(no_support(
            "this kernel has no trampolines for BPF programs",
            "use a kprobe, or a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
        )),
        (Target::Trampoline(_), Errno::EBUSY | Errno::EINVAL | Errno::ENODEV) => cause(
            "the kernel does not allow tracing it",
            "see available_filter_functions in tracefs; trace a caller or a callee instead",
        ),
        _ => None,
    }
}

fn no_driver(index: i32) -> Failure {
    let name = interfaces::name(index.unsigned_abs());
    Failure::new(
        format!("the driver of {name} does not support XDP"),
        "use generic mode, which works with any driver: --mode skb, or InterfaceHook::XdpSkb",
    )
    .code(Code::XDP_DRIVER)
}

fn refused_by_driver(index: i32) -> Failure {
    let name = interfaces::name(index.unsigned_abs());
    Failure::new(
        format!("{name} refuses XDP in its current configuration"),
        "check for packets larger than a page (ip link set mtu) and packets merged by the card \
         (ethtool -K lro off); see dmesg; generic mode requires less",
    )
    .code(Code::XDP_DRIVER)
}
