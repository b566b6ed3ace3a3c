//! BPF object files that belong to no app, as `doctor` tries them: opened, loaded as a whole or a program alone, and let go again.

use std::ffi::OsStr;

use anyhow::{Context as _, Error, Result};
use bpfapps_core::{fit_maps, logging, raise_memlock};
use bpfapps_diagnose::{self as diagnose, Loading, Object, Programs, Verdict};
use bpfapps_explain::Failure;
use bpfapps_explain::verifier::Stats;
use libbpf_rs::OpenObject;

/// Opens it.
///
/// # Errors
///
/// It is no BPF object, or none for this machine.
pub fn open(object: &Object<'_>) -> Result<OpenObject> {
    object
        .check()
        .with_context(|| format!("failed to open BPF object {}", object.name))?;
    let mut builder = object.builder()?;
    let (opened, log) = logging::keep(|| builder.open_memory(&object.bytes));
    match opened {
        Ok(mut open) => {
            log.print();
            diagnose::unpin(&mut open);
            fit_maps(&mut open, None)?;
            Ok(open)
        }
        Err(err) => {
            let verdict = diagnose::open(err, log.messages(), Some(object), false);
            Err(log.tell(verdict))
        }
    }
}

/// Why the kernel does not take an object.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The program that it refused; `None` if it came to no program.
    pub(crate) program: Option<String>,
    /// Why.
    pub(crate) error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            program: None,
            error,
        }
    }
}

/// Lets the kernel verify the whole object, and leaves nothing behind: a test of whether it would
/// load.
///
/// # Errors
///
/// libbpf can't read it, or the kernel refuses a map or a program.
pub fn try_load(object: &Object<'_>) -> Result<()> {
    try_whole(object).map_err(|refused| refused.error)
}

/// The same, and names the program that ended it.
pub(crate) fn try_whole(object: &Object<'_>) -> Result<(), Refused> {
    load(object, open(object)?)
}

/// The same for some of its programs, as if there were no others. Their maps may be smaller: the
/// sizes matter to the object as a whole.
pub(crate) fn try_programs(object: &Object<'_>, names: &[String]) -> Result<(), Refused> {
    let mut open = open(object)?;
    diagnose::object::only(&mut open, |name| {
        names.iter().any(|it| name == OsStr::new(it))
    });
    diagnose::object::shrink(&mut open);
    load(object, open)
}

/// A program as the verifier sees it.
#[derive(Debug)]
pub struct Verified {
    /// Why it does not load.
    pub failure: Option<Error>,
    /// libbpf's messages, with the verifier log if there is one.
    pub messages: Vec<String>,
    /// The verifier's effort, if it came to verification.
    pub stats: Option<Stats>,
}

/// Verifies one program, as if it were the only one, and prints nothing.
///
/// # Errors
///
/// libbpf can't read the object.
pub fn verify(object: &Object<'_>, name: &str) -> Result<Verified> {
    // the path to an error, and statistics
    const LOG_LEVEL: u32 = 1 | 4;
    let mut open = open(object)?;
    diagnose::object::only(&mut open, |it| it == name);
    for mut program in open.progs_mut() {
        program.set_log_level(LOG_LEVEL);
    }
    raise_memlock();
    diagnose::object::complete(&mut open);
    let programs = Programs::of(&open);
    let (loaded, log) = diagnose::keep_logs(|| open.load());
    let messages = log.messages().to_vec();
    let stats = messages.iter().find_map(|message| Stats::read(message));
    let failure = loaded
        .err()
        .map(|err| explain(err, &messages, programs, object).error);
    Ok(Verified {
        failure,
        messages,
        stats,
    })
}

fn load(object: &Object<'_>, mut open: OpenObject) -> Result<(), Refused> {
    raise_memlock();
    diagnose::object::complete(&mut open);
    let programs = Programs::of(&open);
    let (loaded, log) = logging::keep(|| open.load());
    match loaded {
        Ok(_) => {
            log.print();
            Ok(())
        }
        Err(err) => {
            let program = log.messages().iter().find_map(|message| refused(message));
            let program = program.map(str::to_owned);
            let verdict = explain(err, log.messages(), programs, object);
            let error = log.tell(verdict);
            Err(Refused { program, error })
        }
    }
}

/// `libbpf: prog 'NAME': failed to load: -EINVAL`
fn refused(message: &str) -> Option<&str> {
    let mut lines = message.lines();
    lines.find_map(|line| {
        let (name, what) = line.strip_prefix("libbpf: prog '")?.split_once("': ")?;
        what.starts_with("failed to load:").then_some(name)
    })
}

fn explain(
    err: libbpf_rs::Error,
    log: &[String],
    programs: Programs,
    object: &Object<'_>,
) -> Verdict {
    let loading = Loading {
        programs,
        // nothing is known of it
        kernel: "4.4",
        uses_ring_buffer: false,
        btf: None,
        colours: false,
    };
    diagnose::load(err, log, &loading, Some(object))
}

/// With lent capabilities, an object named by the caller must not be loaded.
pub(crate) fn lent(what: &str) -> Failure {
    Failure::new(
        format!(
            "{what} is refused: this program's file lends capabilities, and an object would be \
             loaded with them"
        ),
        "run it with sudo, or a copy of the file, which has none",
    )
}
