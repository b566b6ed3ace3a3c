//! How a refusal is reported: the same everywhere, and nothing of it is lost.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_host::settings;
use bpfapps_testkit::sandbox::{Call, refusing, with_only};
use bpfapps_testkit::{Process, Test, cli, fixture, needs, test};
use nix::errno::Errno;
use nix::libc;
use tempfile::TempDir;

use crate::loading::{case, loading, refused};

const BPF_PROG_LOAD: u64 = 5;

pub(crate) const TESTS: &[Test] = &[
    test!(lines_are_drawn_as_rustc_does),
    test!(app_is_told_the_same),
    test!(without_capabilities_the_setting_is_named),
    test!(doctor_tells_the_same),
    test!(source_that_is_no_text_is_shown_escaped),
    test!(verbose_shows_the_whole_log),
    test!(what_is_not_explained_is_printed),
];

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
