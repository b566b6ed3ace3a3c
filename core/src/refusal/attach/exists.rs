//! Whether the hook is there, and what is called much like it.

use bpfapps_explain::{Code, did_you_mean, nearest};

use super::Cause;
use crate::refusal::binary;
use crate::refusal::kernel_btf;
use crate::tracepoint::hint_for_missing;
use crate::{Target, kallsyms, tracefs};

/// Tracepoints are found through tracefs, which a container or a small machine may not have.
pub(super) fn tracefs(target: &Target<'_>) -> Option<Cause> {
    matches!(target, Target::Tracepoint(_))
        .then(no_tracefs)
        .flatten()
}

pub(super) fn no_tracefs() -> Option<Cause> {
    let (message, hint) = tracefs::find().err()?.into_parts();
    Some(Cause::new(Code::NO_TRACEFS, message, hint))
}

/// What is missing of `target`, if it is missing.
pub(super) fn cause(target: &Target<'_>) -> Option<Cause> {
    match *target {
        Target::Tracepoint(name) => tracepoint(name),
        Target::RawTracepoint(name) => raw_tracepoint(name),
        Target::Function(name) => function(name),
        Target::Trampoline(name) => function(name).or_else(|| untyped(name)),
        Target::Functions(pattern) => functions(pattern),
        Target::Syscall(name) => system_call(name),
        Target::Lsm(name) => lsm_hook(name),
        Target::Iterator(name) => iterator(name),
        Target::Symbol { binary, function } => binary::function(binary, function),
        Target::Probe {
            binary,
            provider,
            name,
        } => binary::probe(binary, provider, name),
        _ => None,
    }
}

/// `otherwise`: where to look when nothing is called much like it.
pub(in crate::refusal) fn missing(
    code: Code,
    message: impl Into<String>,
    name: &str,
    all: &[String],
    otherwise: &str,
) -> Cause {
    let near = nearest(name, all.iter().map(String::as_str));
    let hint = did_you_mean(&near).unwrap_or_else(|| otherwise.to_owned());
    Cause::new(code, message, hint)
}

fn tracepoint(name: &str) -> Option<Cause> {
    let events = tracefs::find().ok()?.join("events");
    if events.join(name).join("id").is_file() {
        return None;
    }
    Some(Cause::new(
        Code::NO_TRACEPOINT,
        "this kernel has no such tracepoint",
        hint_for_missing(name, &events),
    ))
}

fn raw_tracepoint(name: &str) -> Option<Cause> {
    // each has a type of its own
    let all = kernel_btf::names("btf_trace_");
    if all.is_empty() || all.iter().any(|one| one == name) {
        return None;
    }
    // a category belongs to tracefs
    let bare = name.rsplit('/').next().unwrap_or(name);
    let message = "this kernel has no such raw tracepoint";
    if all.iter().any(|one| one == bare) {
        let hint = format!("it is called {bare}: only tracefs has categories");
        return Some(Cause::new(Code::NO_TRACEPOINT, message, hint));
    }
    Some(missing(
        Code::NO_TRACEPOINT,
        message,
        bare,
        &all,
        "they are called like the tracepoints of tracefs without the category; the system calls \
         have two for all of them, sys_enter and sys_exit",
    ))
}

fn function(name: &str) -> Option<Cause> {
    let all = kallsyms::Functions::read().ok()?;
    let near = all.nearest(name)?;
    Some(Cause::new(
        Code::NO_FUNCTION,
        "this kernel has no such function",
        did_you_mean(&near).unwrap_or_else(|| kallsyms::ABSENT.to_owned()),
    ))
}

fn functions(pattern: &str) -> Option<Cause> {
    let all = kallsyms::Functions::read().ok()?;
    all.matching(pattern).is_empty().then(|| {
        Cause::new(
            Code::NO_FUNCTION,
            "this kernel has none that match",
            "look into /proc/kallsyms; * stands for anything",
        )
    })
}

/// fentry and fexit need the types of the arguments.
fn untyped(name: &str) -> Option<Cause> {
    let btf = kernel_btf::names("");
    (!btf.is_empty() && !btf.iter().any(|one| one == name)).then(|| {
        Cause::new(
            Code::NOT_TRACEABLE,
            "the kernel has that function, but its BTF does not",
            "the compiler has changed its arguments, or it is written in assembly: a kprobe can \
             still be put on it",
        )
    })
}

fn system_call(name: &str) -> Option<Cause> {
    let all = kallsyms::Functions::read().ok()?;
    let calls: Vec<_> = kallsyms::SYSCALL_PREFIXES
        .into_iter()
        .flat_map(|prefix| all.behind(prefix))
        .map(str::to_owned)
        .collect();
    if calls.is_empty() || calls.iter().any(|call| call == name) {
        return None;
    }
    Some(missing(
        Code::NO_FUNCTION,
        "this kernel has no such system call",
        name,
        &calls,
        "man 2 syscalls lists them; the C library may have another name for one",
    ))
}

fn lsm_hook(name: &str) -> Option<Cause> {
    let all = kernel_btf::names("bpf_lsm_");
    if all.is_empty() || all.iter().any(|one| one == name) {
        return None;
    }
    Some(missing(
        Code::NO_HOOK,
        "this kernel has no such LSM hook",
        name,
        &all,
        "the kernel's include/linux/lsm_hook_defs.h lists them",
    ))
}

fn iterator(name: &str) -> Option<Cause> {
    // what the program is given: it is called like the iterator
    let mut all = kernel_btf::names("bpf_iter__");
    all.retain(|name| !name.contains("__"));
    if all.is_empty() || all.iter().any(|one| one == name) {
        return None;
    }
    let has = format!("it has: {}", all.join(", "));
    Some(missing(
        Code::NO_HOOK,
        "this kernel has no such iterator",
        name,
        &all,
        &has,
    ))
}
