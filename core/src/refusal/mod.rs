//! Why the kernel refuses a BPF object: it only answers with a number, and the machine knows more.

mod attach;
mod binary;
mod kernel_btf;
mod machine;
mod open;

use std::path::Path;

use anyhow::{Context as _, Error};
use bpfapps_explain::verifier::{self, Diagnosis, LineInfo, NoLines};
use nix::errno::Errno;

pub(crate) use attach::{Programs, attach_all, attach_to};

use crate::logging::{self, Kept};
use crate::object::{Lines, elf};
use crate::{Failure, Needs, Object, memlock, output};
use machine::Machine;

/// What was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Load,
    Attach,
}

const LOADING: &str = "failed to load BPF object";
const OPENING: &str = "failed to open BPF object";

/// What is loaded, and for whom.
pub(crate) struct Loading<'a> {
    pub(crate) programs: Programs,
    pub(crate) needs: &'a Needs,
    pub(crate) uses_ring_buffer: bool,
    /// The file that the kernel's types are read from, if that was said.
    pub(crate) btf: Option<&'a Path>,
}

/// Loads an object, and where that fails puts the cause in front of libbpf's error, or what the
/// verifier has to say about a line of its source. `object` finds it, where it is known.
///
/// It looks only then: a start that succeeds pays for none of it.
pub(crate) fn load<'a, T>(
    loading: &Loading<'_>,
    object: impl FnOnce() -> Option<&'a Object>,
    load: impl FnOnce() -> libbpf_rs::Result<T>,
) -> Result<T, Error> {
    let (done, log) = logging::keep(load);
    let err = match done {
        Ok(done) => {
            log.print();
            return Ok(done);
        }
        Err(err) => Error::new(err),
    };
    let errno = errno(&err);
    let hook = || loading.programs.cause(errno, &log.text());
    if let Some(failure) = loading.btf.and_then(open::foreign_btf).or_else(hook) {
        return Err(err.context(failure));
    }
    let limit = || memlock::cause().filter(|_| errno == Some(Errno::EPERM));
    let look =
        || Machine::look().cause(errno, Phase::Load, loading.needs, loading.uses_ring_buffer);
    let diagnosis = diagnose(LOADING, &log, object());
    // Only the verifier says EACCES, and it has said why. Else the machine's reasons go first.
    let verified = diagnosis.is_some() && errno == Some(Errno::EACCES);
    if !verified && let Some(cause) = limit().or_else(look) {
        log.print();
        return Err(err.context(LOADING).context(cause));
    }
    Err(told(LOADING, err, diagnosis, log))
}

/// Opens an object file, and where libbpf can't says why. `object` is what is in it, where it is
/// known.
pub(crate) fn open<T>(
    object: Option<&Object>,
    open: impl FnOnce() -> libbpf_rs::Result<T>,
) -> Result<T, Error> {
    // Of what is no object libbpf would say nothing, and one of another byte order it would open.
    if let Some(object) = object {
        elf::parse(&object.bytes).with_context(|| format!("{OPENING} {}", object.name))?;
    }
    let (done, log) = logging::keep(open);
    let err = match done {
        Ok(done) => {
            log.print();
            return Ok(done);
        }
        Err(err) => Error::new(err),
    };
    if let Some(failure) = object.and_then(|object| open::cause(object, &log.text())) {
        return Err(err.context(OPENING).context(failure));
    }
    let diagnosis = diagnose(OPENING, &log, object);
    Err(told(OPENING, err, diagnosis, log))
}

/// What libbpf and the verifier have said, with the lines of the object that it is about.
fn diagnose(phase: &str, log: &Kept, object: Option<&Object>) -> Option<(Diagnosis, Failure)> {
    let lines = object.and_then(|object| Lines::read(&object.bytes));
    let lines = lines
        .as_ref()
        .map_or(&NoLines as &dyn LineInfo, |lines| lines);
    let diagnosis = verifier::explain(log.messages(), lines)?;
    let message = format!("{phase}: {}", visible(&diagnosis.message));
    let excerpt = diagnosis.draw(lines, output::stderr_is_coloured());
    let failure = Failure::new(message, diagnosis.mend.as_str());
    let failure = failure.code(diagnosis.code).excerpt(excerpt);
    Some((diagnosis, failure))
}

/// The error as the user is to see it. What the log says and a diagnosis does not is printed.
fn told(phase: &str, err: Error, diagnosis: Option<(Diagnosis, Failure)>, log: Kept) -> Error {
    match diagnosis {
        Some((diagnosis, failure)) => {
            log.without(|message| diagnosis.tells(message)).print();
            failure.into()
        }
        None => {
            log.print();
            err.context(phase.to_owned())
        }
    }
}

/// The names in it are the object's, and anybody's.
fn visible(text: &str) -> String {
    let mut visible = Vec::new();
    output::escape(text.as_bytes(), &mut visible);
    String::from_utf8_lossy(&visible).into_owned()
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
    use std::mem::MaybeUninit;
    use std::process::Command;
    use std::{env, fs};

    use nix::unistd::geteuid;

    use super::*;
    use crate::{Options, Session, TraceProgram};

    const NOTHING: Needs = Needs {
        kernel: "5.8",
        btf: false,
        tracefs: false,
        capabilities: &[],
        keeps: &[],
    };

    #[test]
    fn error_number_is_found_behind_any_context() {
        use libbpf_rs::ErrorExt as _;
        let err = libbpf_rs::Error::from_raw_os_error(1);
        assert_eq!(errno(&err.into()), Some(Errno::EPERM));
        let err = libbpf_rs::Error::from_raw_os_error(22);
        let err = Error::from(err.context("failed to `do`")).context("failed");
        assert_eq!(errno(&err), Some(Errno::EINVAL));
    }

    /// What this machine's kernel says to a process without capabilities: the test runs itself as
    /// one, since the signals and the log are the process's.
    #[test]
    fn process_without_capabilities_is_told_the_setting() {
        const INNER: &str = "BPFAPPS_TEST_UNPRIVILEGED";
        if env::var_os(INNER).is_some() {
            let session = Session::start(Options::default(), NOTHING).expect("a session");
            let mut object = MaybeUninit::uninit();
            let refused = TraceProgram::attach(&session, &mut object);
            panic!("{:#}", refused.err().expect("refused"));
        }
        let name = "refusal::tests::process_without_capabilities_is_told_the_setting";
        let test = env::current_exe().expect("a path");
        let mut command = Command::new(&test);
        if geteuid().is_root() {
            command = Command::new("setpriv");
            command
                .args(["--bounding-set=-all", "--inh-caps=-all"])
                .arg(test);
        }
        let output = command
            .args(["--exact", name, "--nocapture"])
            .env(INNER, "1")
            .output()
            .expect("the test runs");
        let text = String::from_utf8_lossy(&output.stderr);
        let setting = |name| {
            let text = fs::read_to_string(format!("/proc/sys/kernel/{name}"));
            text.expect("a setting")
                .trim()
                .parse::<i32>()
                .expect("a number")
        };
        let disabled = setting("unprivileged_bpf_disabled");
        let paranoid = setting("perf_event_paranoid");
        let expected = match (disabled, paranoid) {
            (0, ..0) => "failed to load BPF object".to_owned(),
            (0, _) => format!(
                "perf events need CAP_PERFMON here: kernel.perf_event_paranoid is {paranoid}"
            ),
            _ => format!("BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is {disabled}"),
        };
        assert!(text.contains(&expected), "{text}");
    }
}
