//! Explains why the kernel refuses a BPF object: from its error number, and the state of the
//! machine.

mod attach;
mod fields;
mod holder;
mod limits;
mod load;
mod maps;
mod open;
mod query;
mod rights;
mod support;
mod taken;

use std::path::Path;

use anyhow::Error;
use bpfapps_explain::verifier::{self, Diagnosis, LineInfo, NoLines};
use bpfapps_explain::{Code, Failure, visible};
use nix::errno::Errno;

use crate::Object;
use crate::object::Lines;
use limits::Limits;

pub use attach::{attach, failed as failed_to_attach};
pub use load::{Programs, missing_function};
pub use rights::user_namespace;

/// The phase that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Load,
    Attach,
}

const LOADING: &str = "failed to load BPF object";
const OPENING: &str = "failed to open BPF object";

/// An error for the user, and the log messages of libbpf that it does not explain.
#[derive(Debug)]
pub struct Verdict {
    /// libbpf's error, with the cause in front if it is known.
    pub error: Error,
    /// The messages still to print.
    pub untold: Vec<String>,
}

impl Verdict {
    fn reported(error: impl Into<Error>) -> Self {
        Self {
            error: error.into(),
            untold: Vec::new(),
        }
    }

    fn untold(error: Error, log: &[String]) -> Self {
        Self {
            error,
            untold: log.to_vec(),
        }
    }
}

/// Describes a load.
#[derive(Debug)]
pub struct Loading<'a> {
    /// The programs, saved before the load.
    pub programs: Programs,
    /// The oldest sufficient Linux version, such as `5.8`.
    pub kernel: &'a str,
    /// True if the maps include a ring buffer.
    pub uses_ring_buffer: bool,
    /// The file with the kernel's BTF, if one was given.
    pub btf: Option<&'a Path>,
    /// True to colour source lines.
    pub colours: bool,
}

/// Explains why an object cannot be loaded: its hooks, the machine, or a source line rejected by
/// the verifier. `object` is its file, if known.
pub fn load(
    err: libbpf_rs::Error,
    log: &[String],
    loading: &Loading<'_>,
    object: Option<&Object<'_>>,
) -> Verdict {
    let err = Error::new(err);
    let errno = errno(&err);
    if errno == Some(Errno::EPERM)
        && let Some(failure) = user_namespace()
    {
        // libbpf guesses at RLIMIT_MEMLOCK
        return Verdict::reported(err.context(LOADING).context(failure));
    }
    let foreign = |file| open::foreign_btf(file, &log.concat());
    let hook = || loading.programs.cause(errno, &log.concat());
    let own = || open::no_own_btf(&log.concat());
    if let Some(failure) = loading.btf.and_then(foreign).or_else(hook).or_else(own) {
        return Verdict::reported(err.context(failure));
    }
    let memlock = || limits::memlock().filter(|_| errno == Some(Errno::EPERM));
    let look =
        || Limits::look().cause(errno, Phase::Load, loading.kernel, loading.uses_ring_buffer);
    let mut diagnosis = diagnose(LOADING, log, object, loading.colours);
    if let (Some((_, failure)), Some(object)) = (&mut diagnosis, object)
        && let Some((cause, fix)) = maps::cause(object, &log.concat())
    {
        *failure = failure.clone().because(format!("{LOADING}: {cause}"), fix);
    }
    if let Some((Diagnosis { code, fix, .. }, failure)) = &mut diagnosis
        && *code == Code::CORE_FIELD
        && let Some(near) = fields::suggestion(&log.concat(), loading.btf)
    {
        let message = failure.to_string();
        *failure = failure
            .clone()
            .because(message, format!("{near} Otherwise {fix}"));
    }
    // EACCES with a verifier log comes from the verifier; otherwise causes in the machine go first
    let verified = diagnosis.is_some() && errno == Some(Errno::EACCES);
    if !verified && let Some(cause) = memlock().or_else(look) {
        return Verdict::untold(err.context(LOADING).context(cause), log);
    }
    reported(LOADING, err, diagnosis, log)
}

/// Explains why an object cannot be opened. `object` is its file, if known.
pub fn open(
    err: libbpf_rs::Error,
    log: &[String],
    object: Option<&Object<'_>>,
    colours: bool,
) -> Verdict {
    let err = Error::new(err);
    if let Some(failure) = object.and_then(|object| open::cause(object, &log.concat())) {
        return Verdict::reported(err.context(OPENING).context(failure));
    }
    let diagnosis = diagnose(OPENING, log, object, colours);
    reported(OPENING, err, diagnosis, log)
}

/// Explains the messages of libbpf and the verifier, with the source lines at fault.
fn diagnose(
    phase: &str,
    log: &[String],
    object: Option<&Object<'_>>,
    colours: bool,
) -> Option<(Diagnosis, Failure)> {
    let lines = object.and_then(|object| Lines::read(&object.bytes));
    let lines = lines
        .as_ref()
        .map_or(&NoLines as &dyn LineInfo, |lines| lines);
    let diagnosis = verifier::explain(log, lines)?;
    let failure = failure(&diagnosis, lines, colours).during(phase);
    Some((diagnosis, failure))
}

fn failure(diagnosis: &Diagnosis, lines: &dyn LineInfo, colours: bool) -> Failure {
    // names in the message come from the object and are untrusted
    Failure::new(visible(&diagnosis.message), diagnosis.fix.as_str())
        .code(diagnosis.code)
        .excerpt(diagnosis.draw(lines, colours))
        .at(diagnosis.place().cloned())
}

/// Explains a verifier log that was recorded elsewhere, without the kernel. `program` is needed if
/// neither the log nor the object tells which program it is about. `None` if `text` is no such log.
pub fn recorded(
    text: &str,
    object: Option<&Object<'_>>,
    program: Option<&str>,
    colours: bool,
) -> Option<Failure> {
    let known = object.and_then(|object| Lines::read(&object.bytes));
    let lines = known
        .as_ref()
        .map_or(&NoLines as &dyn LineInfo, |lines| lines);
    let program = |log| program.or_else(|| known.as_ref()?.program_of(log));
    let diagnosis = verifier::explain_log(text, program, lines)?;
    Some(failure(&diagnosis, lines, colours))
}

/// The error for the user. Log messages that the diagnosis does not cover are left to print.
fn reported(
    phase: &str,
    err: Error,
    diagnosis: Option<(Diagnosis, Failure)>,
    log: &[String],
) -> Verdict {
    let Some((diagnosis, failure)) = diagnosis else {
        // an error number says little: libbpf's own reason goes with it
        let reason = log.iter().rev().find_map(|message| reason(message));
        let err = match reason {
            Some(reason) => err.context(visible(reason)),
            None => err,
        };
        return Verdict::untold(err.context(phase.to_owned()), log);
    };
    let untold = log.iter().filter(|message| !diagnosis.tells(message));
    Verdict {
        error: failure.into(),
        untold: untold.cloned().collect(),
    }
}

/// A message of libbpf in one line, unless it repeats only that loading failed.
fn reason(message: &str) -> Option<&str> {
    let line = message.trim().trim_start_matches("libbpf: ");
    let is_result = line.contains("failed to load") || line.contains("load failed");
    (!is_result && !line.is_empty() && !line.contains('\n')).then_some(line)
}

/// The kernel's error number. libbpf-rs exposes it only in the text.
pub(crate) fn errno(err: &Error) -> Option<Errno> {
    let text = format!("{err:#}");
    let (_, number) = text.rsplit_once("(os error ")?;
    let (number, _) = number.split_once(')')?;
    Some(Errno::from_raw(number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_number_is_found_behind_any_context() {
        use libbpf_rs::ErrorExt as _;
        let err = libbpf_rs::Error::from_raw_os_error(1);
        assert_eq!(errno(&err.into()), Some(Errno::EPERM));
        let err = libbpf_rs::Error::from_raw_os_error(22);
        let err = Error::from(err.context("failed to `do`")).context("failed");
        assert_eq!(errno(&err), Some(Errno::EINVAL));
    }
}
