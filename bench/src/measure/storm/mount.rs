//! tracefs for the tracers that look into it.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statfs::{TRACEFS_MAGIC, statfs};

/// Where libbpf and bpftrace look for it.
const PLACE: &str = "/sys/kernel/tracing";

/// Where it is not mounted, mounts it for this process and those that it starts: with the last of
/// them the kernel takes the mount away, and nobody else ever sees it.
pub(super) fn tracefs() -> Result<()> {
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
