//! Requirements of tests on the kernel; without them a test is skipped.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bpfapps_host::Release;
use bpfapps_host::hooks::btf;
use libbpf_rs::ProgramType;
use serde_json::Value;

use crate::{Process, cli, skip};

/// Skips the test on a kernel without uprobes.
///
/// # Errors
///
/// That it has none.
pub fn uprobes() -> Result<()> {
    needs_pmu(
        "uprobe",
        "this kernel has no uprobes: CONFIG_UPROBE_EVENTS is off",
    )
}

/// Skips the test on a kernel without kprobes.
///
/// # Errors
///
/// That it has none.
pub fn kprobes() -> Result<()> {
    needs_pmu(
        "kprobe",
        "this kernel has no kprobes: CONFIG_KPROBE_EVENTS is off",
    )
}

/// Skips the test on a kernel without BTF of its own.
///
/// # Errors
///
/// That it has none.
pub fn btf() -> Result<()> {
    match Path::new(btf::KERNEL).exists() {
        true => Ok(()),
        false => skip("this kernel has no BTF"),
    }
}

/// Skips the test on a kernel before `version`, which has no `what` yet.
///
/// # Errors
///
/// That it has none.
pub fn linux(version: &str, what: &str) -> Result<()> {
    match is_at_least(version)? {
        true => Ok(()),
        false => skip(format!("needs Linux {version} for {what}")),
    }
}

/// Skips the test on a kernel that does not know this type of program.
///
/// # Errors
///
/// That it does not.
pub fn programs(of: ProgramType) -> Result<()> {
    match of.is_supported() {
        Ok(true) => Ok(()),
        _ => skip(format!(
            "this kernel has no BPF programs of the type {of:?}"
        )),
    }
}

/// Skips the test if BPF cannot allocate memory at run time, for timers and for storage in sockets
/// and tasks: Linux 7 needs an instruction for that, which some processors lack.
///
/// # Errors
///
/// That it gets none.
pub fn memory_at_run_time() -> Result<()> {
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let lacks =
        cfg!(target_arch = "x86_64") && !flags.split_whitespace().any(|flag| flag == "cx16");
    match lacks && Release::running()?.is_at_least((7, 0)) {
        true => skip("BPF gets no memory at run time: Linux 7 needs cmpxchg16b for that"),
        false => Ok(()),
    }
}

/// Skips the test on a kernel whose programs of that type can not call the helper with that number.
///
/// # Errors
///
/// `otherwise`, where they can not.
pub fn helper(of: ProgramType, helper: u32, otherwise: &str) -> Result<()> {
    match of.is_helper_supported(helper) {
        Ok(true) => Ok(()),
        _ => skip(otherwise),
    }
}

/// Checks the message of the app on a kernel that is too old: a line with the required version.
/// Skipped on other kernels.
///
/// # Errors
///
/// The message is missing.
pub fn too_old(args: &[&str]) -> Result<()> {
    let list = Process::run(&mut cli(["list", "--output", "json"]))?.expect_code(0)?;
    let list: Value = serde_json::from_str(&list.stdout.concat())?;
    let mut apps = list.as_array().into_iter().flatten();
    let app = apps.find(|app| args.first().is_some_and(|name| app["name"] == *name));
    let least = app.and_then(|app| app["needs"]["kernel"].as_str());
    let least = least.context("the app needs no kernel")?;
    if is_at_least(least)? {
        return skip(format!("this kernel is not older than {least}"));
    }
    Process::run(&mut cli(args.iter().copied()))?
        .expect_code(1)?
        .expect_stderr(&format!("hint: use Linux {least} or newer"))?;
    Ok(())
}

fn is_at_least(version: &str) -> Result<bool> {
    let version = Release::parse(version).with_context(|| format!("{version} is not a version"))?;
    Ok(Release::running()? >= version)
}

/// Skips the test on a kernel whose BTF has no type of this name.
///
/// # Errors
///
/// That it has none.
pub fn type_named(name: &str) -> Result<()> {
    match btf::kernel_has(name) {
        Some(true) => Ok(()),
        _ => skip(format!("this kernel has no {name}")),
    }
}

/// Has a folder for each type of event that perf can count or attach to.
fn needs_pmu(name: &str, otherwise: &str) -> Result<()> {
    let pmu = Path::new("/sys/bus/event_source/devices").join(name);
    match pmu.exists() {
        true => Ok(()),
        false => skip(otherwise),
    }
}
