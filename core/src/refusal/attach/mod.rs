//! Why a program can't be attached: what the kernel's number means at the hook that it is for.

mod exists;
mod holder;
mod load;
mod rights;
mod support;
mod taken;

use anyhow::Error;
use bpfapps_explain::Code;
use libbpf_rs::skel::Skel;
use nix::errno::Errno;

use super::machine::Machine;
use super::{Phase, errno};
use crate::logging::{self, Kept};
use crate::{Failure, Needs, Target};
pub(super) use exists::missing;
pub(crate) use load::Programs;

/// What keeps a program from its hook.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cause {
    code: Code,
    message: String,
    hint: String,
}

impl Cause {
    pub(super) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> Code {
        self.code
    }

    fn failure(self, phase: &str) -> Failure {
        Failure::new(format!("{phase}: {}", self.message), self.hint).code(self.code)
    }
}

/// Attaches one program, and where that fails looks for the cause.
pub(crate) fn attach_to<L, E: Into<Error>>(
    program: &str,
    target: Target<'_>,
    needs: &Needs,
    attach: impl FnOnce() -> Result<L, E>,
) -> Result<L, Error> {
    match logging::keep(attach) {
        (Ok(link), log) => {
            log.print();
            Ok(link)
        }
        (Err(err), log) => Err(explain(err.into(), program, Some(target), needs, log)),
    }
}

/// Attaches all programs of a skeleton, by what their sections say.
pub(crate) fn attach_all<'obj, S: Skel<'obj>>(skel: &mut S, needs: &Needs) -> Result<(), Error> {
    let (done, log) = logging::keep(|| skel.attach());
    let Err(err) = done else {
        log.print();
        return Ok(());
    };
    let text = log.text();
    let Some(name) = failed(&text) else {
        return Err(explain(err.into(), "BPF programs", None, needs, log));
    };
    let section = skel.object().progs().find(|program| program.name() == name);
    let section = section.and_then(|program| program.section().to_str());
    let target = section.and_then(Target::of_section);
    let name = name.to_owned();
    Err(explain(err.into(), &name, target, needs, log))
}

/// The program, or map of functions, whose name libbpf mentions last.
fn failed(log: &str) -> Option<&str> {
    let line = log
        .lines()
        .rfind(|line| line.contains("failed to auto-attach"))?;
    line.split('\'').nth(1)
}

fn explain(
    err: Error,
    program: &str,
    target: Option<Target<'_>>,
    needs: &Needs,
    log: Kept,
) -> Error {
    let phase = match target {
        Some(target) => format!("failed to attach {program} to {target}"),
        None => format!("failed to attach {program}"),
    };
    let errno = errno(&err);
    let known = match (target, errno) {
        (Some(target), Some(errno)) => cause(&target, errno, &log.text()),
        _ => None,
    };
    if let Some(cause) = known {
        return err.context(cause.failure(&phase));
    }
    let err = err.context(phase);
    match Machine::look().cause(errno, Phase::Attach, needs, false) {
        Some(cause) => err.context(cause),
        None => {
            log.print();
            err
        }
    }
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

fn cause(target: &Target<'_>, errno: Errno, log: &str) -> Option<Cause> {
    let denied = matches!(errno, Errno::EPERM | Errno::EACCES);
    let absent = || ABSENT.contains(&errno).then(|| exists::cause(target))?;
    let rights = || denied.then(|| rights::cause(target))?;
    exists::tracefs(target)
        .or_else(rights)
        .or_else(absent)
        .or_else(|| taken::cause(target, errno))
        .or_else(|| support::cause(target, errno, log))
}
