//! Why the kernel refuses a BPF object: it only answers with a number, and the machine knows more.

mod machine;

use anyhow::Error;
use bpfapps_explain::verifier::{self, LineInfo, NoLines};
use nix::errno::Errno;

use crate::object::Lines;
use crate::{Failure, Needs, Object, logging, memlock, output};
use machine::Machine;

/// What was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Load,
    Attach,
}

impl Phase {
    fn failed(self) -> &'static str {
        match self {
            Self::Open => "failed to open BPF object",
            Self::Load => "failed to load BPF object",
            Self::Attach => "failed to attach BPF programs",
        }
    }
}

/// Puts the likely cause in front of an error of libbpf, where the machine shows one.
///
/// It looks only now: a start that succeeds pays for none of it.
pub(crate) fn explain(err: libbpf_rs::Error, phase: Phase, needs: &Needs) -> Error {
    let cause = cause(&err, phase, needs, false);
    caused(err, phase, cause)
}

fn cause(
    err: &libbpf_rs::Error,
    phase: Phase,
    needs: &Needs,
    uses_ring_buffer: bool,
) -> Option<Failure> {
    let errno = errno(err);
    let limit = match (phase, errno) {
        (Phase::Load, Some(Errno::EPERM)) => memlock::cause(),
        _ => None,
    };
    limit.or_else(|| Machine::look().cause(errno, phase, needs, uses_ring_buffer))
}

fn caused(err: libbpf_rs::Error, phase: Phase, cause: Option<Failure>) -> Error {
    let err = Error::new(err).context(phase.failed());
    match cause {
        Some(cause) => err.context(cause),
        None => err,
    }
}

/// Opens an object; `object` finds it, where it is known.
pub(crate) fn open<'a, T>(
    open: impl FnOnce() -> libbpf_rs::Result<T>,
    object: impl FnOnce() -> Option<&'a Object>,
) -> Result<T, Error> {
    attempt(open, Phase::Open, object, |_| None)
}

/// Loads an object; `object` finds it, where it is known.
pub(crate) fn load<'a, T>(
    load: impl FnOnce() -> libbpf_rs::Result<T>,
    object: impl FnOnce() -> Option<&'a Object>,
    needs: &Needs,
    uses_ring_buffer: bool,
) -> Result<T, Error> {
    let cause = |err: &_| cause(err, Phase::Load, needs, uses_ring_buffer);
    attempt(load, Phase::Load, object, cause)
}

/// Does it, and where that fails explains it by what libbpf and the verifier have said, with the
/// lines of the object, or by the machine. What they have said is printed where that is not so.
fn attempt<'a, T>(
    action: impl FnOnce() -> libbpf_rs::Result<T>,
    phase: Phase,
    object: impl FnOnce() -> Option<&'a Object>,
    cause: impl FnOnce(&libbpf_rs::Error) -> Option<Failure>,
) -> Result<T, Error> {
    let (done, log) = logging::keep(action);
    let err = match done {
        Ok(done) => {
            log.print();
            return Ok(done);
        }
        Err(err) => err,
    };
    let lines = object().and_then(|object| Lines::read(&object.bytes));
    let lines = lines
        .as_ref()
        .map_or(&NoLines as &dyn LineInfo, |lines| lines);
    let diagnosis = verifier::explain(log.messages(), lines);
    // Only the verifier says EACCES, and it has said why. Else the machine's reasons go first.
    let verified = diagnosis.is_some() && errno(&err) == Some(Errno::EACCES);
    let cause = match verified {
        true => None,
        false => cause(&err),
    };
    match (cause, diagnosis) {
        (None, Some(diagnosis)) => {
            let excerpt = diagnosis.draw(lines, output::stderr_is_coloured());
            let message = format!("{}: {}", phase.failed(), visible(&diagnosis.message));
            log.without(|message| diagnosis.tells(message)).print();
            let failure = Failure::new(message, diagnosis.mend);
            Err(failure.code(diagnosis.code).excerpt(excerpt).into())
        }
        (cause, _) => {
            log.print();
            Err(caused(err, phase, cause))
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
fn errno(err: &libbpf_rs::Error) -> Option<Errno> {
    let text = format!("{err:#}");
    let (_, number) = text.rsplit_once("(os error ")?;
    Some(Errno::from_raw(number.trim_end_matches(')').parse().ok()?))
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
        assert_eq!(errno(&err), Some(Errno::EPERM));
        let err = libbpf_rs::Error::from_raw_os_error(22);
        assert_eq!(errno(&err.context("failed to `do`")), Some(Errno::EINVAL));
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
