use std::fmt;
use std::path::Path;

use bpfapps_host::hooks::{Finding, Hooks};
use bpfapps_host::interfaces;
use libbpf_rs::ProgramAttachType;

/// The hook at which a program sees an interface's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceHook {
    /// XDP in the driver, before the kernel allocates a socket buffer
    XdpNative,
    /// Generic XDP, after the driver: slower, works with any driver
    XdpSkb,
    /// Ingress packets in tc: Linux 6.6
    TcxIngress,
    /// Egress packets in tc: Linux 6.6
    TcxEgress,
}

impl fmt::Display for InterfaceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XdpNative => "native XDP",
            Self::XdpSkb => "generic XDP",
            Self::TcxIngress => "tcx ingress",
            Self::TcxEgress => "tcx egress",
        })
    }
}

/// The target of an attach: [`attach`](crate::attach) explains failures at it.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A tracepoint, as listed in tracefs: `sched/sched_switch`
    Tracepoint(&'a str),
    /// A tracepoint with raw arguments: `sched_switch`
    RawTracepoint(&'a str),
    /// A tracepoint with typed arguments, from the kernel's BTF
    TypedTracepoint(&'a str),
    /// A kernel function, by kprobe or kretprobe
    Function(&'a str),
    /// A kernel function, by fentry, fexit or fmod_ret
    Trampoline(&'a str),
    /// The kernel functions that match a pattern, by kprobe.multi
    Functions(&'a str),
    /// A system call, by ksyscall or kretsyscall
    Syscall(&'a str),
    /// An LSM hook: `socket_connect`
    Lsm(&'a str),
    /// The kind of object that an iterator visits: `task`
    Iterator(&'a str),
    /// A function of a program or library, by uprobe or uretprobe
    Symbol {
        /// A path, or a name to look up
        binary: &'a str,
        /// The function's name
        function: &'a str,
    },
    /// A static probe in a program or library (USDT)
    Probe {
        /// A path, or a name to look up
        binary: &'a str,
        /// The part before the colon
        provider: &'a str,
        /// The part after the colon
        name: &'a str,
    },
    /// A perf event
    PerfEvent,
    /// XDP or tcx of the network interface with this index
    Interface(InterfaceHook, i32),
    /// The classic tc of the network interface with this index
    ClassicTc(i32),
    /// A cgroup v2 directory, and the attach type
    Cgroup(&'a Path, &'a ProgramAttachType),
    /// The network namespace of this process
    Network,
    /// A netfilter hook
    Netfilter {
        /// `NFPROTO_IPV4` or `NFPROTO_IPV6`
        family: i32,
        /// An `NF_INET_*` number such as `NF_INET_LOCAL_IN`
        hook: i32,
        /// The priority, which decides the order at the hook
        priority: i32,
    },
    /// A socket, as its filter
    Socket,
    /// A struct_ops map, by its name in the kernel
    StructOps(&'a str),
}

impl<'a> Target<'a> {
    /// The target named by a program's section: `tp/sched/sched_switch`. `None` if the section does
    /// not name it in full.
    pub fn of_section(section: &'a str) -> Option<Self> {
        // loaded only on demand
        let section = section.trim_start_matches('?');
        let (kind, name) = section
            .split_once('/')
            .filter(|(_, name)| !name.is_empty())?;
        // sleepable, writable
        let kind = kind.trim_end_matches(".s").trim_end_matches(".w");
        Some(match kind {
            "tp" | "tracepoint" => Self::Tracepoint(name),
            "raw_tp" | "raw_tracepoint" => Self::RawTracepoint(name),
            "tp_btf" => Self::TypedTracepoint(name),
            "kprobe" | "kretprobe" => Self::Function(name.split('+').next().unwrap_or(name)),
            "kprobe.multi" | "kretprobe.multi" => Self::Functions(name),
            "ksyscall" | "kretsyscall" => Self::Syscall(name),
            "fentry" | "fexit" | "fmod_ret" => Self::Trampoline(name),
            "lsm" | "lsm_cgroup" => Self::Lsm(name),
            "iter" => Self::Iterator(name),
            "uprobe" | "uretprobe" => {
                let (binary, function) = name.rsplit_once(':')?;
                let function = function.split('+').next().unwrap_or(function);
                Self::Symbol { binary, function }
            }
            "usdt" => {
                let (rest, name) = name.rsplit_once(':')?;
                let (binary, provider) = rest.rsplit_once(':')?;
                Self::Probe {
                    binary,
                    provider,
                    name,
                }
            }
            "struct_ops" => Self::StructOps(name),
            _ => return None,
        })
    }

    /// True if it is resolved from the kernel's BTF at load.
    pub fn is_typed(&self) -> bool {
        matches!(
            self,
            Self::TypedTracepoint(_) | Self::Trampoline(_) | Self::Lsm(_) | Self::Iterator(_)
        )
    }

    /// Looks the hook up in the kernel; `None` if only an attach can show whether it exists.
    pub fn find(&self, hooks: &Hooks) -> Option<Finding> {
        Some(match *self {
            Self::Tracepoint(name) => hooks.tracepoint(name),
            Self::RawTracepoint(name) | Self::TypedTracepoint(name) => hooks.raw_tracepoint(name),
            Self::Function(name) => hooks.function(name),
            Self::Trampoline(name) => hooks.typed_function(name),
            Self::Functions(pattern) => hooks.functions_like(pattern),
            Self::Syscall(name) => hooks.system_call(name),
            Self::Lsm(name) => hooks.lsm(name),
            Self::Iterator(name) => hooks.iterator(name),
            Self::Symbol { binary, function } => hooks.symbol(binary, function),
            Self::Probe {
                binary,
                provider,
                name,
            } => hooks.probe(binary, provider, name),
            _ => return None,
        })
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Tracepoint(name) => write!(f, "the tracepoint {name}"),
            Self::RawTracepoint(name) | Self::TypedTracepoint(name) => {
                write!(f, "the raw tracepoint {name}")
            }
            Self::Function(name) | Self::Trampoline(name) => {
                write!(f, "the kernel function {name}")
            }
            Self::Functions(pattern) => write!(f, "the kernel functions {pattern}"),
            Self::Syscall(name) => write!(f, "the system call {name}"),
            Self::Lsm(name) => write!(f, "the LSM hook {name}"),
            Self::Iterator(name) => write!(f, "the iterator {name}"),
            Self::Symbol { binary, function } => write!(f, "{function} in {binary}"),
            Self::Probe {
                binary,
                provider,
                name,
            } => write!(f, "the probe {provider}:{name} of {binary}"),
            Self::PerfEvent => f.write_str("a perf event"),
            Self::Interface(hook, index) => {
                write!(f, "{hook} of {}", interfaces::name(index.unsigned_abs()))
            }
            Self::ClassicTc(index) => write!(
                f,
                "the classic tc of {}",
                interfaces::name(index.unsigned_abs())
            ),
            Self::Cgroup(folder, _) => write!(f, "the cgroup {}", folder.display()),
            Self::Network => f.write_str("the network namespace"),
            Self::Netfilter {
                family,
                hook,
                priority,
            } => {
                let hooks = ["prerouting", "input", "forward", "output", "postrouting"];
                let hook = usize::try_from(hook).ok().and_then(|at| hooks.get(at));
                let family = if family == 2 { "IPv4" } else { "IPv6" };
                let hook = hook.unwrap_or(&"a hook");
                write!(f, "{hook} of netfilter for {family}, priority {priority}")
            }
            Self::Socket => f.write_str("a socket"),
            Self::StructOps(name) => write!(f, "struct_ops {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_says_what_a_program_is_attached_to() {
        let reported = |section| Target::of_section(section).map(|target| target.to_string());
        for (section, target) in [
            ("tp/sched/sched_switch", "the tracepoint sched/sched_switch"),
            ("raw_tp.w/sys_enter", "the raw tracepoint sys_enter"),
            ("?raw_tp/sys_exit", "the raw tracepoint sys_exit"),
            ("tp_btf/sched_switch", "the raw tracepoint sched_switch"),
            ("kprobe/vfs_read+0x4", "the kernel function vfs_read"),
            ("fexit.s/vfs_read", "the kernel function vfs_read"),
            ("lsm.s/socket_connect", "the LSM hook socket_connect"),
            ("iter/task", "the iterator task"),
            ("uprobe//bin/sh:main+8", "main in /bin/sh"),
            (
                "usdt/libc.so.6:libc:setjmp",
                "the probe libc:setjmp of libc.so.6",
            ),
        ] {
            assert_eq!(reported(section).as_deref(), Some(target));
        }
        for section in ["xdp", "uprobe", "kprobe", "tp/", "cgroup_skb/egress"] {
            assert_eq!(reported(section), None);
        }
    }

    #[test]
    fn hook_of_netfilter_has_its_name() {
        let target = Target::Netfilter {
            family: 2,
            hook: 1,
            priority: -7,
        };
        assert_eq!(
            target.to_string(),
            "input of netfilter for IPv4, priority -7"
        );
    }
}
