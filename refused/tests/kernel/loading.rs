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
use bpfapps_host::{Release, settings};
use bpfapps_refused::{ALL, Case};
use bpfapps_testkit::needs;
use bpfapps_testkit::sandbox::{Call, refusing, with_only};
use bpfapps_testkit::{Exit, Fixture, Process, Test, cli, fixture, skip, test};
use libbpf_rs::ProgramType;
use nix::errno::Errno;
use nix::libc;
use tempfile::TempDir;

use crate::fixtures::reported;

const BPF_PROG_LOAD: u64 = 5;

/// A test for each program, of its name.
macro_rules! tests {
    ($($name:ident)*) => {
        $(fn $name() -> Result<()> {
            is_explained(stringify!($name))
        })*

        pub(crate) const TESTS: &[Test] = &[
            $(test!($name),)*
            test!(each_program_is_tested),
            test!(lines_are_drawn_as_rustc_does),
            test!(app_is_told_the_same),
            test!(without_capabilities_the_setting_is_named),
            test!(doctor_tells_the_same),
            test!(source_that_is_no_text_is_shown_escaped),
            test!(verbose_shows_the_whole_log),
            test!(what_is_not_explained_is_printed),
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

/// The kernel's setting for a process without capabilities.
fn without_capabilities_the_setting_is_named() -> Result<()> {
    needs::linux("5.11", "maps that no limit keeps out")?;
    let exit = Process::run(&mut with_only(&[], &fixture("load_as_app")?)?)?.expect_code(1)?;
    let setting = |name: &str| -> Result<i32> {
        settings::sysctl(name).with_context(|| format!("no {name} is shown"))
    };
    let disabled = setting("kernel.unprivileged_bpf_disabled")?;
    let paranoid = setting("kernel.perf_event_paranoid")?;
    let expected = match (disabled, paranoid) {
        (0, ..0) => "failed to load BPF object".to_owned(),
        (0, _) => {
            format!("perf events need CAP_PERFMON here: kernel.perf_event_paranoid is {paranoid}")
        }
        _ => format!("BPF needs CAP_BPF here: kernel.unprivileged_bpf_disabled is {disabled}"),
    };
    exit.expect_stderr(&expected)?;
    Ok(())
}

/// The command that loads an object of `case`, with these options, from a file in `folder`.
fn loading(case: &Case, object: &[u8], options: &[&str], folder: &TempDir) -> Result<Command> {
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

fn case(name: &str) -> Result<&'static Case> {
    let case = ALL.iter().find(|case| case.name == name);
    case.with_context(|| format!("there is no {name}.bpf.c"))
}

/// Loads program `name`; `None` if this kernel accepts it.
fn refused(name: &str, options: &[&str]) -> Result<Option<Exit>> {
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
        needs::linux(since.split(' ').next().unwrap_or(since), "this program")?;
    }
    let Some(exit) = refused(name, &[])? else {
        let is_known = case(name)?.source.contains("accepted by Linux ");
        ensure!(is_known, "this kernel accepts the program");
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
    ensure!(case.source.contains("FIXED"), "the fix is not tried");
    let folder = TempDir::new()?;
    let exit = Process::run(&mut loading(case, case.fixed, &[], &folder)?)?;
    ensure!(exit.code == Some(0), "the fix does not help: {exit:#?}");
    Ok(())
}

fn lines_are_drawn_as_rustc_does() -> Result<()> {
    let exit = refused("bpf0001", &[])?.context("no kernel accepts it")?;
    let expected = "\
error[BPF0001]: failed to load BPF object: `handle_enter` uses a pointer that may be NULL
  --> refused/src/bpf/bpf0001.bpf.c:25:2
   |
20 |     count = bpf_map_lookup_elem(&counts, &pid); /* from */
   |             ------------------- it comes from here and may be NULL
...
25 |     *count += 1; /* here */
   |     ^^^^^^^^^^^ R0 invalid mem access 'map_value_or_null'
   |
   = instruction 8: r1 = *(u64 *)(r0 +0)
hint: compare it with NULL, and return if it is NULL
more: bpfapps explain BPF0001";
    ensure!(exit.stderr.join("\n") == expected, "{exit:#?}");
    Ok(())
}

fn app_is_told_the_same() -> Result<()> {
    let of_app = Process::run(&mut fixture("load_as_app")?)?.expect_code(1)?;
    let of_file = refused("bpf0001", &[])?.context("no kernel accepts it")?;
    ensure!(of_app.stderr == of_file.stderr, "{of_app:#?}");
    Ok(())
}

fn doctor_tells_the_same() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("bpf0001.bpf.o");
    fs::write(&file, case("bpf0001")?.object)?;
    let mut doctor = cli(["doctor", "--object"]);
    let doctor = Process::run(doctor.arg(file))?.expect_code(1)?;
    let of_file = refused("bpf0001", &[])?.context("no kernel accepts it")?;
    let [_, lines @ .., _, more] = of_file.stderr.as_slice() else {
        bail!("{of_file:#?}");
    };
    for line in lines.iter().chain([more]) {
        let shown = doctor
            .stdout
            .iter()
            .any(|shown| shown.trim() == line.trim());
        ensure!(shown, "{line}: {doctor:#?}");
    }
    Ok(())
}

/// A source line comes from the object: it may not be UTF-8, and may control a terminal.
fn source_that_is_no_text_is_shown_escaped() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("bpf0001.bpf.o");
    let mut object = case("bpf0001")?.object.to_vec();
    let (old, new) = (b"/* here */", b"/* \xe9\x1b[m */");
    let places: Vec<_> = (0..object.len())
        .filter(|&at| object[at..].starts_with(old))
        .collect();
    ensure!(!places.is_empty(), "there is no such comment in the object");
    for at in places {
        object[at..at + old.len()].copy_from_slice(new);
    }
    fs::write(&file, object)?;
    for options in [
        ["doctor", "--object"].as_slice(),
        &["doctor", "-v", "--object"],
    ] {
        let exit = Process::run(cli([]).args(options).arg(&file))?.expect_code(1)?;
        for line in exit.stdout.iter().chain(&exit.stderr) {
            let is_harmless = |c: char| c == '\t' || !c.is_control();
            ensure!(line.chars().all(is_harmless), "{line:?}");
        }
        let shown = |line: &String| line.contains("uses a pointer that may be NULL");
        ensure!(exit.stdout.iter().any(shown), "{exit:#?}");
    }
    Ok(())
}

fn verbose_shows_the_whole_log() -> Result<()> {
    let exit = refused("bpf0001", &["--verbose"])?.context("no kernel accepts it")?;
    let logs = |line: &&String| line.contains("-- BEGIN PROG LOAD LOG --");
    ensure!(exit.stderr.iter().filter(logs).count() == 1, "{exit:#?}");
    exit.expect_stderr("processed ")?
        .expect_stderr("error[BPF0001]: ")?;
    Ok(())
}

fn what_is_not_explained_is_printed() -> Result<()> {
    let folder = TempDir::new()?;
    let call = Call {
        number: libc::SYS_bpf,
        argument: 0,
        value: BPF_PROG_LOAD,
    };
    let case = case("bpf0001")?;
    let command = loading(case, case.object, &[], &folder)?;
    let exit = Process::run(&mut refusing(call, Errno::EIO, &command)?)?.expect_code(1)?;
    exit.expect_stderr("warning: libbpf: Error in bpf_object__probe_loading()")?
        .expect_stderr("error: failed to load BPF object: ")?;
    Ok(())
}
