//! Programs that the kernel or libbpf refuses before verification, because of their hook.

use std::ffi::OsStr;

use bpfapps_explain::{Code, Failure};
use bpfapps_host::capabilities::{self, Capability};
use bpfapps_host::hooks::Hooks;
use libbpf_rs::{OpenObject, ProgramType};
use nix::errno::Errno;

use super::{attach, support};
use crate::{Target, object};

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
        // explained from libbpf's message
        if log.contains("missing BPF prog type") {
            return None;
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

/// Why the kernel cannot load `program`, if it is for a function that is not there. That is known
/// without trying it, which takes libbpf a search in all types of the kernel.
pub fn missing_function(program: &object::Program) -> Option<Failure> {
    let target = program.target().filter(Target::is_typed)?;
    let failure = attach::absent(&target, &Hooks::of_this_kernel())?;
    // a module may have other hooks
    let is_it = failure.explained().0 == Some(Code::NO_FUNCTION);
    is_it.then(|| failure.during(format!("failed to load {} for {target}", program.name)))
}

/// `prog 'x': failed to find kernel BTF type ID of 'HOOK': -ESRCH`
fn missing_type(line: &str) -> Option<&str> {
    line.split_once("failed to find kernel BTF type ID of '")?
        .1
        .split('\'')
        .next()
}

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
