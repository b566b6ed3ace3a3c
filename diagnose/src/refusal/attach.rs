//! Explains a failed attach: what the error number means at this kind of hook.

use anyhow::Error;
use bpfapps_explain::Failure;
use bpfapps_host::hooks::Hooks;
use nix::errno::Errno;

use super::limits::Limits;
use super::{Phase, Verdict, errno, rights, support, taken};
use crate::Target;

/// Explains why a program or struct_ops map cannot be attached to `target`. `kernel` is the oldest
/// sufficient Linux version, such as `5.8`.
pub fn attach(
    err: Error,
    log: &[String],
    program: &str,
    target: Option<Target<'_>>,
    kernel: &str,
) -> Verdict {
    let phase = match target {
        Some(target) => format!("failed to attach {program} to {target}"),
        None => format!("failed to attach {program}"),
    };
    let errno = errno(&err);
    let known = match (target, errno) {
        (Some(target), Some(errno)) => cause(&target, errno, &log.concat()),
        _ => None,
    };
    if let Some(cause) = known {
        return Verdict::reported(err.context(cause.during(phase)));
    }
    let err = err.context(phase);
    match Limits::look().cause(errno, Phase::Attach, kernel, false) {
        Some(cause) => Verdict::reported(err.context(cause)),
        None => Verdict::untold(err, log),
    }
}

/// The program or struct_ops map that libbpf failed to auto-attach: the last one in its log.
pub fn failed(log: &[String]) -> Option<&str> {
    let lines = log.iter().flat_map(|message| message.lines());
    let mut failed = lines.filter(|line| line.contains("failed to auto-attach"));
    failed.next_back()?.split('\'').nth(1)
}

/// Errors of the kernel and libbpf for a missing target.
const ABSENT: [Errno; 5] = [
    Errno::ENOENT,
    Errno::ESRCH,
    Errno::EINVAL,
    Errno::EADDRNOTAVAIL,
    // libbpf's own error numbers
    Errno::UnknownErrno,
];

fn cause(target: &Target<'_>, errno: Errno, log: &str) -> Option<Failure> {
    let hooks = Hooks::of_this_kernel();
    let denied = matches!(errno, Errno::EPERM | Errno::EACCES);
    // libbpf needs tracefs for tracepoints; a container or small machine may lack it
    let tracefs = || match target {
        Target::Tracepoint(_) => support::no_tracefs(&hooks),
        _ => None,
    };
    let rights = || denied.then(|| rights::cause(target))?;
    let absent = || ABSENT.contains(&errno).then(|| absent(target, &hooks))?;
    tracefs()
        .or_else(rights)
        .or_else(absent)
        .or_else(|| taken::cause(target, errno))
        .or_else(|| support::cause(target, errno, log, &hooks))
}

/// The failure if `target` does not exist.
pub(super) fn absent(target: &Target<'_>, hooks: &Hooks) -> Option<Failure> {
    target.find(hooks)?.absent().map(Failure::from)
}
