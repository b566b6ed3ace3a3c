//! What is in the kernel.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_host::Release;
use bpfapps_host::hooks::btf;
use libbpf_rs::ProgramType;
use libbpf_rs::query::{LinkInfoIter, MapInfoIter, ProgInfoIter};
use serde_json::Value;

use crate::{Process, cli, skip};

/// The ids of all BPF objects in the kernel.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

/// What is loaded at the moment.
pub fn loaded() -> Loaded {
    Loaded {
        programs: ProgInfoIter::default().map(|program| program.id).collect(),
        maps: MapInfoIter::default().map(|map| map.id).collect(),
        links: LinkInfoIter::default().map(|link| link.id).collect(),
    }
}

/// What the process holds by its file descriptors: all that an app of ours has loaded.
///
/// # Errors
///
/// The process is gone, or holds nothing.
pub fn held_by(pid: u32) -> Result<Loaded> {
    let folder = format!("/proc/{pid}/fdinfo");
    let mut held = Loaded::default();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to list {folder}"))? {
        // one that it has closed meanwhile holds nothing
        let text = fs::read_to_string(entry?.path()).unwrap_or_default();
        for (field, ids) in [
            ("prog_id:", &mut held.programs),
            ("map_id:", &mut held.maps),
            ("link_id:", &mut held.links),
        ] {
            let lines = text.lines().filter_map(|line| line.strip_prefix(field));
            ids.extend(lines.filter_map(|id| id.trim().parse::<u32>().ok()));
        }
    }
    ensure!(
        held != Loaded::default(),
        "process {pid} has loaded nothing"
    );
    Ok(held)
}

/// Waits until none of `held` is loaded any more: the kernel frees in its own time.
///
/// # Errors
///
/// Something stays.
pub fn gone(held: &Loaded) -> Result<()> {
    wait_until_empty(|now| Loaded {
        programs: &now.programs & &held.programs,
        maps: &now.maps & &held.maps,
        links: &now.links & &held.links,
    })
}

/// Waits until nothing is loaded that was not loaded `before`: the kernel frees in its own time.
///
/// # Errors
///
/// Something stays.
pub fn nothing_left(before: &Loaded) -> Result<()> {
    wait_until_empty(|now| Loaded {
        programs: &now.programs - &before.programs,
        maps: &now.maps - &before.maps,
        links: &now.links - &before.links,
    })
}

fn wait_until_empty(of: impl Fn(&Loaded) -> Loaded) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let left = of(&loaded());
        if left == Loaded::default() {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("left in the kernel: {left:?}");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Skips the test on a kernel without uprobes.
///
/// # Errors
///
/// That it has none.
pub fn needs_uprobes() -> Result<()> {
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
pub fn needs_kprobes() -> Result<()> {
    needs_pmu(
        "kprobe",
        "this kernel has no kprobes: CONFIG_KPROBE_EVENTS is off",
    )
}

/// Skips the test on a kernel before `version`, which has no `what` yet.
///
/// # Errors
///
/// That it has none.
pub fn needs_linux(version: &str, what: &str) -> Result<()> {
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
pub fn needs_programs(of: ProgramType) -> Result<()> {
    match of.is_supported() {
        Ok(true) => Ok(()),
        _ => skip(format!(
            "this kernel has no BPF programs of the type {of:?}"
        )),
    }
}

/// Skips the test where BPF gets no memory while a program runs, for what it keeps in sockets and
/// tasks, or for timers: Linux 7 needs an instruction for that, which some processors lack.
///
/// # Errors
///
/// That it gets none.
pub fn needs_memory_at_run_time() -> Result<()> {
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
pub fn needs_helper(of: ProgramType, helper: u32, otherwise: &str) -> Result<()> {
    match of.is_helper_supported(helper) {
        Ok(true) => Ok(()),
        _ => skip(otherwise),
    }
}

/// What a user sees of the app, called with `args`, on a kernel that is older than it needs: a line with
/// the version that it is in. Elsewhere the test is skipped.
///
/// # Errors
///
/// It is not told.
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
    let exit = Process::run(&mut cli(args.iter().copied()))?.expect_code(1)?;
    exit.expect_stderr("too old")?
        .expect_stderr(&format!("hint: it needs Linux {least} or newer"))?;
    Ok(())
}

fn is_at_least(version: &str) -> Result<bool> {
    let version = Release::parse(version).with_context(|| format!("{version} is no version"))?;
    Ok(Release::running()? >= version)
}

/// Skips the test on a kernel whose BTF has no type of this name.
///
/// # Errors
///
/// That it has none.
pub fn needs_type(name: &str) -> Result<()> {
    match btf::kernel_has(name) {
        Some(true) => Ok(()),
        _ => skip(format!("this kernel has no {name}")),
    }
}

/// What perf can count, and attach to, has a folder here.
fn needs_pmu(name: &str, otherwise: &str) -> Result<()> {
    let pmu = Path::new("/sys/bus/event_source/devices").join(name);
    match pmu.exists() {
        true => Ok(()),
        false => skip(otherwise),
    }
}
