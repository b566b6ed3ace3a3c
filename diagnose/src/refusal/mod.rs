//! Why the kernel refuses a BPF object: it only answers with a number, and the machine knows more.

mod attach;
mod holder;
mod limits;
mod load;
mod open;
mod query;
mod rights;
mod support;
mod taken;

use std::path::Path;

use anyhow::Error;
use bpfapps_explain::verifier::{self, Diagnosis, LineInfo, NoLines};
use bpfapps_explain::{Failure, visible};
use nix::errno::Errno;

use crate::Object;
use crate::object::Lines;
use limits::Limits;

pub use attach::{attach, failed as failed_to_attach};
pub use load::Programs;

/// What was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Load,
    Attach,
}

const LOADING: &str = "failed to load BPF object";
const OPENING: &str = "failed to open BPF object";

/// An error as the user is to see it, and what of libbpf's log it does not tell.
#[derive(Debug)]
pub struct Verdict {
    /// The cause, where it is known, in front of libbpf's error.
    pub error: Error,
    /// The messages that are still to be printed.
    pub untold: Vec<String>,
}

impl Verdict {
    fn told(error: impl Into<Error>) -> Self {
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

/// What is loaded, and for whom.
#[derive(Debug)]
pub struct Loading<'a> {
    /// The programs, as they were before they were loaded.
    pub programs: Programs,
    /// The oldest Linux that is enough, such as `5.8`.
    pub kernel: &'a str,
    /// Whether there is a ring buffer among the maps.
    pub uses_ring_buffer: bool,
    /// The file that the kernel's types are read from, if that was said.
    pub btf: Option<&'a Path>,
    /// Whether lines of source are shown in colours.
    pub colours: bool,
}

/// Why an object can't be loaded: its hooks, the machine, or what the verifier has to say about a
/// line of its source. `object` is what is in it, where that is known.
pub fn load(
    err: libbpf_rs::Error,
    log: &[String],
    loading: &Loading<'_>,
    object: Option<&Object<'_>>,
) -> Verdict {
    let err = Error::new(err);
    let errno = errno(&err);
    let hook = || loading.programs.cause(errno, &log.concat());
    if let Some(failure) = loading.btf.and_then(open::foreign_btf).or_else(hook) {
        return Verdict::told(err.context(failure));
    }
    let memlock = || limits::memlock().filter(|_| errno == Some(Errno::EPERM));
    let look =
        || Limits::look().cause(errno, Phase::Load, loading.kernel, loading.uses_ring_buffer);
    let diagnosis = diagnose(LOADING, log, object, loading.colours);
    // Only the verifier says EACCES, and it has said why. Else the machine's reasons go first.
    let verified = diagnosis.is_some() && errno == Some(Errno::EACCES);
    if !verified && let Some(cause) = memlock().or_else(look) {
        return Verdict::untold(err.context(LOADING).context(cause), log);
    }
    told(LOADING, err, diagnosis, log)
}

/// Why an object can't be opened. `object` is what is in it, where that is known.
pub fn open(
    err: libbpf_rs::Error,
    log: &[String],
    object: Option<&Object<'_>>,
    colours: bool,
) -> Verdict {
    let err = Error::new(err);
    if let Some(failure) = object.and_then(|object| open::cause(object, &log.concat())) {
        return Verdict::told(err.context(OPENING).context(failure));
    }
    let diagnosis = diagnose(OPENING, log, object, colours);
    told(OPENING, err, diagnosis, log)
}

/// What libbpf and the verifier have said, with the lines of the object that it is about.
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
    // the names in it are the object's, and anybody's
    let message = format!("{phase}: {}", visible(&diagnosis.message));
    let excerpt = diagnosis.draw(lines, colours);
    let failure = Failure::new(message, diagnosis.fix.as_str());
    let failure = failure.code(diagnosis.code).excerpt(excerpt);
    Some((diagnosis, failure))
}

/// The error as the user is to see it. What the log says and a diagnosis does not is left over.
fn told(
    phase: &str,
    err: Error,
    diagnosis: Option<(Diagnosis, Failure)>,
    log: &[String],
) -> Verdict {
    let Some((diagnosis, failure)) = diagnosis else {
        return Verdict::untold(err.context(phase.to_owned()), log);
    };
    let untold = log.iter().filter(|message| !diagnosis.tells(message));
    Verdict {
        error: failure.into(),
        untold: untold.cloned().collect(),
    }
}

/// The kernel's error number. libbpf-rs keeps it to itself, but for the text.
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
