//! Programs that the kernel or libbpf refuses before verification, because of their hook.

use std::ffi::OsStr;

use bpfapps_explain::{Code, Failure, did_you_mean, nearest};
use bpfapps_host::capabilities::{self, Capability};
use bpfapps_host::hooks::Hooks;
use libbpf_rs::{OpenObject, ProgramType};
use nix::errno::Errno;

use super::{attach, support};
use crate::Target;

/// Names and sections of programs, saved because loading consumes the object.
#[derive(Debug)]
pub struct Programs(Vec<Program>);

#[derive(Debug)]
struct Program {
    name: String,
    section: String,
    kind: ProgramType,
}

impl Programs {
    /// The programs of an object that will be loaded.
    pub fn of(object: &OpenObject) -> Self {
        let text = |name: &OsStr| name.to_string_lossy().into_owned();
        let programs = object.progs().filter(|program| program.autoload());
        let programs = programs.map(|program| Program {
            name: text(program.name()),
            section: text(program.section()),
            kind: program.prog_type(),
        });
        Self(programs.collect())
    }

    /// The reason that the last program named in libbpf's log cannot be loaded, if it is the hook.
    pub(super) fn cause(&self, errno: Option<Errno>, log: &str) -> Option<Failure> {
        if let Some(name) = log.lines().find_map(missing_struct) {
            let what = format!("struct_ops {name}");
            let absent = Hooks::of_this_kernel().struct_ops(name).absent()?;
            let failure = Failure::from(absent);
            return Some(failure.during(format!("failed to load {what}")));
        }
        if let Some((name, section)) = log.lines().find_map(missing_kind) {
            return Some(misspelt(name, section));
        }
        let line = log
            .lines()
            .rfind(|line| line.starts_with("libbpf: prog '"))?;
        let name = line.split('\'').nth(1)?;
        let program = self.0.iter().find(|program| program.name == name)?;
        // a section can omit the target if it was set through libbpf
        let kind = program.section.split('/').next().unwrap_or_default();
        let hook = log.lines().find_map(missing_type);
        let section = match hook {
            Some(hook) => format!("{kind}/{hook}"),
            None => program.section.clone(),
        };
        let target = Target::of_section(&section);
        let cause = match (target, hook) {
            (Some(target), Some(_)) => attach::absent(&target, &Hooks::of_this_kernel()),
            _ if log.contains("PROG LOAD LOG") => None,
            _ => match errno? {
                Errno::EPERM => refused(kind),
                _ => support::no_type(program.kind),
            },
        }?;
        let phase = match target {
            Some(target) => format!("failed to load {name} for {target}"),
            None => format!("failed to load {name}"),
        };
        Some(cause.during(phase))
    }
}

/// `prog 'x': failed to find kernel BTF type ID of 'HOOK': -ESRCH`
fn missing_type(line: &str) -> Option<&str> {
    line.split_once("failed to find kernel BTF type ID of '")?
        .1
        .split('\'')
        .next()
}

/// `prog 'x': missing BPF prog type, check ELF section name 'SECTION'`
fn missing_kind(line: &str) -> Option<(&str, &str)> {
    let (program, rest) = line.split_once("': missing BPF prog type, check ELF section name '")?;
    Some((program.split('\'').next_back()?, rest.split('\'').next()?))
}

/// The section names no type of program.
fn misspelt(name: &str, section: &str) -> Failure {
    let (kind, rest) = section.split_once('/').unwrap_or((section, ""));
    let near = nearest(kind, SECTIONS.into_iter()).into_iter();
    let near: Vec<_> = near
        .map(|near| match rest {
            "" => near.to_owned(),
            rest => format!("{near}/{rest}"),
        })
        .collect();
    let near: Vec<_> = near.iter().map(String::as_str).collect();
    Failure::new(
        format!("failed to load {name}: its section `{section}` names no type of program"),
        did_you_mean(&near).unwrap_or_else(|| {
            "name the type in SEC(\"…\"), such as SEC(\"xdp\"), or set it before loading".to_owned()
        }),
    )
}

/// The first parts of the section names that libbpf knows.
const SECTIONS: [&str; 41] = [
    "action",
    "cgroup",
    "cgroup_skb",
    "classifier",
    "fentry",
    "fexit",
    "flow_dissector",
    "fmod_ret",
    "freplace",
    "iter",
    "kprobe",
    "kprobe.multi",
    "kretprobe",
    "kretprobe.multi",
    "ksyscall",
    "kretsyscall",
    "lirc_mode2",
    "lsm",
    "lsm_cgroup",
    "lwt_in",
    "lwt_out",
    "lwt_xmit",
    "netfilter",
    "netkit",
    "perf_event",
    "raw_tp",
    "raw_tracepoint",
    "sk_lookup",
    "sk_msg",
    "sk_reuseport",
    "sk_skb",
    "sockops",
    "struct_ops",
    "syscall",
    "tc",
    "tcx",
    "tp",
    "tp_btf",
    "tracepoint",
    "uprobe",
    "xdp",
];

/// `struct_ops init_kern: struct NAME is not found in kernel BTF`
fn missing_struct(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("struct_ops init_kern: struct ")?;
    rest.strip_suffix(" is not found in kernel BTF")
}

/// Some kernels refuse programs that use trampolines, even from root.
fn refused(kind: &str) -> Option<Failure> {
    let kind = kind.trim_end_matches(".s");
    let on_trampoline = matches!(kind, "fentry" | "fexit" | "fmod_ret" | "lsm");
    let rights = [Capability::CAP_BPF, Capability::CAP_PERFMON];
    let has_rights = matches!(capabilities::lacking(&rights, false), Ok(None));
    (on_trampoline && has_rights).then(|| {
        Failure::new(
            format!("this kernel refuses {kind} programs, even from root"),
            "lockdown, a security module or the kernel's configuration forbids them; try a \
             tracepoint, raw tracepoint or kprobe",
        )
        .code(Code::NO_SUPPORT)
    })
}
