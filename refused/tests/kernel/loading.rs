//! Messages about programs that do not load: code, line and explanation, without the verifier's
//! log.

use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bpfapps::objects::try_load;
use bpfapps_core::{Capability, Needs, Options, Session};
use bpfapps_diagnose::Object;
use bpfapps_host::Release;
use bpfapps_refused::{ALL, Case};
use bpfapps_testkit::needs;
use bpfapps_testkit::sandbox::with_only;
use bpfapps_testkit::{Exit, Fixture, Process, Test, fixture, skip, test};
use libbpf_rs::ProgramType;
use tempfile::TempDir;

use crate::fixtures::reported;

/// A test for each program, of its name.
macro_rules! tests {
    ($($name:ident)*) => {
        $(fn $name() -> Result<()> {
            is_explained(stringify!($name))
        })*

        pub(crate) const TESTS: &[Test] = &[
            $(test!($name),)*
            test!(each_program_is_tested),
        ];

        fn each_program_is_tested() -> Result<()> {
            let tested = [$(stringify!($name)),*];
            for case in ALL {
                ensure!(tested.contains(&case.name), "{} is not", case.name);
            }
            Ok(())
        }
    };
}

tests! {
    bpf0001
    bpf0001_argument
    bpf0001_function
    bpf0001_merged
    bpf0001_reserve
    bpf0002
    bpf0003
    bpf0004
    bpf0004_callback
    bpf0004_stack
    bpf0005
    bpf0006
    bpf0006_register
    bpf0006_tail_call
    bpf0007
    bpf0007_index
    bpf0007_length
    bpf0008
    bpf0008_socket
    bpf0009
    bpf0010
    bpf0010_type
    bpf0011
    bpf0012
    bpf0013
    bpf0013_context
    bpf0014
    bpf0015
    bpf0016
    bpf0017
    bpf0018
    bpf0018_near
    bpf0018_own
    bpf0019
    bpf0019_extern
    bpf0020
    bpf0021
    bpf0022
    bpf0022_map
    bpf0022_string
    bpf0023
    bpf0024
    bpf0025
    bpf0025_merged
    bpf0025_written
    bpf0026
    bpf0026_exit
    bpf0027
    bpf0028
    bpf0029
    bpf0029_offset
    bpf0030
    bpf0030_number
    bpf0030_tracing
    bpf0031
    bpf0032
    bpf0033
    bpf0034
    bpf0035
    bpf0036
    bpf0037
    bpf0038
    bpf0052_result
    bpf0052_sleepable
    bpf0067
    bpf0067_array
    bpf0067_inner
    bpf0068
    bpf0069
}

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(load), fixture!(load_as_app)];

bpfapps_core::skeleton!("bpf0001");

/// Loads `bpf0001` as an app does it.
fn load_as_app(_: &[String]) -> Result<()> {
    let session = Session::start(Options::default(), Needs::NONE)?;
    let mut object = MaybeUninit::uninit();
    let open = session.open(Bpf0001SkelBuilder::default(), &mut object)?;
    reported(session.load(open))
}

/// Loads an object file.
fn load(args: &[String]) -> Result<()> {
    let (file, options) = args.split_last().context("which file")?;
    let options = Options {
        verbose: !options.is_empty(),
        ..Options::default()
    };
    let _session = Session::start(options, Needs::NONE)?;
    reported(try_load(&Object::read(file.as_ref())?))
}

/// The command that loads an object of `case`, with these options, from a file in `folder`.
pub(crate) fn loading(
    case: &Case,
    object: &[u8],
    options: &[&str],
    folder: &TempDir,
) -> Result<Command> {
    let file = folder.path().join(format!("{}.bpf.o", case.name));
    fs::write(&file, object).context("failed to write the object")?;
    let mut command = fixture("load")?;
    command.args(options).arg(file);
    // the verifier is more lenient with who may read the kernel's memory
    match case.source.contains("without CAP_PERFMON") {
        true => with_only(
            &[Capability::CAP_BPF, Capability::CAP_SYS_RESOURCE],
            &command,
        ),
        false => Ok(command),
    }
}

pub(crate) fn case(name: &str) -> Result<&'static Case> {
    let case = ALL.iter().find(|case| case.name == name);
    case.with_context(|| format!("there is no {name}.bpf.c"))
}

/// Loads program `name`; `None` if this kernel accepts it.
pub(crate) fn refused(name: &str, options: &[&str]) -> Result<Option<Exit>> {
    let folder = TempDir::new()?;
    let case = case(name)?;
    let exit = Process::run(&mut loading(case, case.object, options, &folder)?)?;
    match exit.code {
        Some(0) => Ok(None),
        _ => exit.expect_code(1).map(Some),
    }
}

fn is_explained(name: &str) -> Result<()> {
    let needs_config = case(name)?.source.contains("needs the configuration");
    let config = format!("/boot/config-{}", Release::running_name()?);
    let places = [config.as_str(), "/proc/config.gz"];
    if needs_config && !places.iter().any(|place| Path::new(place).exists()) {
        return skip("this machine has no configuration of its kernel");
    }
    if case(name)?.source.contains("needs fentry") {
        needs::programs(ProgramType::Tracing)?;
    }
    if let Some((_, since)) = case(name)?.source.split_once("needs Linux ") {
        let since = since.split([' ', ':']).next().unwrap_or(since);
        let is_had = needs::linux(since, "this program");
        // the mistake can be made there, too
        if is_had.is_err() && case(name)?.source.contains("for these words") {
            fix_loads(case(name)?)?;
        }
        is_had?;
    }
    let Some(exit) = refused(name, &[])? else {
        let is_known = case(name)?.source.contains("accepted by Linux ");
        ensure!(is_known, "this kernel accepts the program");
        fix_loads(case(name)?)?;
        return skip("this kernel accepts the program");
    };
    let case = case(name)?;
    let code = name.split('_').next().unwrap_or(name).to_uppercase();
    let text = exit.stderr.join("\n");
    let [first, place, .., hint, more] = exit.stderr.as_slice() else {
        bail!("not explained: {text}");
    };
    let begin = format!("error[{code}]: failed to ");
    ensure!(first.starts_with(&begin), "not {code}: {text}");
    ensure!(hint.starts_with("hint: "), "no hint: {text}");
    ensure!(*more == format!("more: bpfapps explain {code}"), "{text}");

    let at = |line: &usize| format!("--> refused/src/bpf/{}.bpf.c:{line}:", case.name);
    let is_here = |line: &usize| place.trim_start().starts_with(&at(line));
    let here = case.lines("here");
    ensure!(
        here.is_empty() || here.iter().any(is_here),
        "not here: {text}"
    );
    for line in case.lines("from") {
        let shown = format!("{line} | ");
        let is_it = |other: &String| other.trim_start().starts_with(&shown);
        ensure!(exit.stderr.iter().any(is_it), "not from {line}: {text}");
    }
    for kept in ["libbpf", "processed ", "R10=fp0", "\x1b"] {
        ensure!(!text.contains(kept), "{kept:?} is printed: {text}");
    }
    fix_loads(case)
}

fn fix_loads(case: &Case) -> Result<()> {
    ensure!(case.source.contains("FIXED"), "the fix is not tried");
    let folder = TempDir::new()?;
    let exit = Process::run(&mut loading(case, case.fixed, &[], &folder)?)?;
    ensure!(exit.code == Some(0), "the fix does not help: {exit:#?}");
    Ok(())
}
