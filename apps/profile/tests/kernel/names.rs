//! Functions have names, or it is said why not.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use bpfapps_testkit::{Fixture, Process, Test, cli, fixture, many, needs, own_path, skip, test};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;

use crate::fixtures::{count, profile, profile_split, wait_for_cpu};

pub(crate) const TESTS: &[Test] = &[
    test!(program_that_was_removed_has_names),
    test!(program_that_only_its_container_sees_has_names),
    test!(kernel_has_names),
    test!(missing_callers_are_counted_and_explained),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(split_in_mounts)];

/// Samples a fixture `split` that runs as this command; it is busy for long.
fn seventy_of(split: &mut Command, before: impl FnOnce() -> Result<()>) -> Result<(u64, u64)> {
    let split = Process::start(split.arg("60"))?;
    wait_for_cpu(&split, 0.1)?;
    before()?;
    let pid = split.pid().to_string();
    let exit = Process::run(&mut cli(["profile", "--timeout", "1", "--pid", &pid]))?;
    let exit = exit.expect_code(0)?;
    split.signal(Signal::SIGKILL)?;
    count(&exit.stdout, "spins_seventy")
}

/// The same fixture, as a copy of this program.
fn copied_to(path: &Path) -> Result<Command> {
    let mut copy = Command::new(path);
    for (name, value) in fixture("split")?.get_envs() {
        copy.env(name, value.unwrap_or_default());
    }
    Ok(copy)
}

/// Becomes the fixture `split`, from a copy in a folder that others see empty.
pub(crate) fn split_in_mounts(args: &[String]) -> Result<()> {
    let [folder, seconds] = args else {
        bail!("give a folder and seconds");
    };
    let none = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(
        Some("it"),
        folder.as_str(),
        Some("tmpfs"),
        MsFlags::empty(),
        none,
    )?;
    let path = Path::new(folder).join("it");
    fs::copy(own_path()?, &path)?;
    Err(copied_to(&path)?.arg(seconds).exec().into())
}

fn program_that_was_removed_has_names() -> Result<()> {
    needs::linux("5.9", "CAP_CHECKPOINT_RESTORE")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("it");
    fs::copy(own_path()?, &path)?;
    let (seventy, all) = seventy_of(&mut copied_to(&path)?, || Ok(fs::remove_file(&path)?))?;
    ensure!(seventy > many(10) as u64, "{seventy} of {all} samples");
    Ok(())
}

fn program_that_only_its_container_sees_has_names() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("it");
    let mut split = fixture("split_in_mounts")?;
    split.arg(folder.path());
    let (seventy, all) = seventy_of(&mut split, || {
        ensure!(!path.exists(), "it is visible here");
        Ok(())
    })?;
    ensure!(seventy > many(10) as u64, "{seventy} of {all} samples");
    Ok(())
}

fn kernel_has_names() -> Result<()> {
    let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo > /dev/null; done";
    let mut command = cli(["profile", "--hz", "997", "--", "sh", "-c", script]);
    let exit = Process::run(&mut command)?.expect_code(0)?;
    let call = ["do_syscall_64_[k]", "el0_svc_[k]"];
    let counts = call.map(|name| count(&exit.stdout, name).map(|(count, _)| count));
    let [x86, arm] = counts;
    ensure!(x86? + arm? > many(5) as u64, "{exit:#?}");
    Ok(())
}

fn missing_callers_are_counted_and_explained() -> Result<()> {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return skip("the fixture is written for x86-64 and arm64");
    }
    let exit = Process::run(&mut profile("without_frames", &[], "1")?)?.expect_code(0)?;
    let name = own_path()?;
    let name = name.rsplit('/').next().unwrap_or_default();
    let words = format!(
        " have no caller, most in {name} of {}, which is built without frame pointers; \
         -fno-omit-frame-pointer",
        name.get(..15).unwrap_or(name)
    );
    let (_, all) = count(&exit.stdout, "")?;
    let line = exit.stderr.iter().find(|line| line.contains(&words));
    let numbers = line.and_then(|line| line.split_once(" samples of "));
    ensure!(numbers.is_some() && all > many(50) as u64, "{exit:#?}");
    // a program with them is not named
    let exit = Process::run(&mut profile_split(&[], "1")?)?;
    exit.expect_code(0)?.expect_no_stderr()?;
    Ok(())
}
