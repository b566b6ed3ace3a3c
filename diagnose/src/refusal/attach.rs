//! Why a program can't be attached: what the kernel's number means at the hook that it is for.

use anyhow::Error;
use bpfapps_explain::Failure;
use bpfapps_host::hooks::Hooks;
use nix::errno::Errno;

use super::limits::Limits;
use super::{Phase, Verdict, errno, rights, support, taken};
use crate::Target;

/// Why a program, or a map of functions, can't be attached to `target`; `kernel` is the oldest Linux
/// that is enough for it, such as `5.8`.
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
        return Verdict::told(err.context(cause.during(phase)));
    }
    let err = err.context(phase);
    match Limits::look().cause(errno, Phase::Attach, kernel, false) {
        Some(cause) => Verdict::told(err.context(cause)),
        None => Verdict::untold(err, log),
    }
}

/// The program, or map of functions, that libbpf could not attach by itself: what its log names last.
pub fn failed(log: &[String]) -> Option<&str> {
    let lines = log.iter().flat_map(|message| message.lines());
    let mut failed = lines.filter(|line| line.contains("failed to auto-attach"));
    failed.next_back()?.split('\'').nth(1)
}

/// What the kernel and libbpf answer where a thing is not there.
const ABSENT: [Errno; 5] = [
    Errno::ENOENT,
    Errno::ESRCH,
    Errno::EINVAL,
    Errno::EADDRNOTAVAIL,
    // a number of libbpf's own
    Errno::UnknownErrno,
];

fn cause(target: &Target<'_>, errno: Errno, log: &str) -> Option<Failure> {
    let hooks = Hooks::of_this_kernel();
    let denied = matches!(errno, Errno::EPERM | Errno::EACCES);
    // tracepoints are found through tracefs, which a container or a small machine may not have
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

/// What is missing of `target`, if it is missing.
pub(super) fn absent(target: &Target<'_>, hooks: &Hooks) -> Option<Failure> {
    target.find(hooks)?.absent().map(Failure::from)
}
