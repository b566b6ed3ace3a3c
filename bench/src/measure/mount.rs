//! Mounts tracefs for tracers that read it.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statfs::{TRACEFS_MAGIC, statfs};

/// The folder where libbpf and bpftrace expect it.
const PLACE: &str = "/sys/kernel/tracing";

/// If it is not mounted, mounts it for this process and its children. The kernel removes the mount
/// with the last of them, and no other process sees it.
pub(crate) fn tracefs() -> Result<()> {
    if statfs(PLACE).is_ok_and(|place| place.filesystem_type() == TRACEFS_MAGIC) {
        return Ok(());
    }
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| {
            let privately = MsFlags::MS_REC | MsFlags::MS_SLAVE;
            mount(nothing, "/sys", nothing, privately, nothing)
        })
        .and_then(|()| {
            let flags = MsFlags::empty();
            mount(Some("tracefs"), PLACE, Some("tracefs"), flags, nothing)
        })
        .with_context(|| format!("failed to mount tracefs at {PLACE} for the tracers"))
}
