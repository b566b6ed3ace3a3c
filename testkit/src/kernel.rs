//! What is in the kernel.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::skip;
use anyhow::{Result, bail};
use libbpf_rs::query::{LinkInfoIter, MapInfoIter, ProgInfoIter};

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

/// Waits until nothing is loaded that was not loaded `before`: the kernel frees in its own time.
///
/// # Errors
///
/// Something stays.
pub fn nothing_left(before: &Loaded) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let now = loaded();
        let left = Loaded {
            programs: &now.programs - &before.programs,
            maps: &now.maps - &before.maps,
            links: &now.links - &before.links,
        };
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

/// What perf can count, and attach to, has a folder here.
fn needs_pmu(name: &str, otherwise: &str) -> Result<()> {
    let pmu = Path::new("/sys/bus/event_source/devices").join(name);
    match pmu.exists() {
        true => Ok(()),
        false => skip(otherwise),
    }
}
