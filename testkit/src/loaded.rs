//! The objects that are loaded in the kernel.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use libbpf_rs::query::{LinkInfoIter, MapInfoIter, ProgInfoIter};

/// The ids of all BPF objects in the kernel.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    programs: BTreeSet<u32>,
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
}

/// The objects that are loaded now.
pub fn loaded() -> Loaded {
    Loaded {
        programs: ProgInfoIter::default().map(|program| program.id).collect(),
        maps: MapInfoIter::default().map(|map| map.id).collect(),
        links: LinkInfoIter::default().map(|link| link.id).collect(),
    }
}

/// The objects that the process holds by file descriptors: everything that an app has loaded.
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
