//! tracefs, in which the kernel lists its tracepoints.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;
use bpfapps_explain::{Code, Failure};
use log::debug;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statfs::{TRACEFS_MAGIC, statfs};
use nix::unistd::getgid;

/// The places where libbpf searches for it: the current one, and that before Linux 4.1.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// The folder where tracefs is mounted. If it is not mounted, mounts it for this process alone.
///
/// The mount is in a mount namespace of this process: the host is not changed, and the kernel
/// removes the namespace with the process, however it ends.
///
/// # Errors
///
/// It is not mounted and may not be, or may not be read.
pub fn find_or_mount() -> Result<&'static Path> {
    let place = match mounted() {
        Some(place) => place,
        None => mount_privately()?,
    };
    Ok(readable(place)?)
}

/// The folder where tracefs is mounted.
///
/// # Errors
///
/// It is not mounted, or may not be read.
pub fn find() -> Result<&'static Path, Failure> {
    let [place, _] = PLACES;
    let found = PLACES.into_iter().find(is_tracefs);
    let found = found.ok_or_else(|| failure("tracefs is not mounted", &mount_it(place)))?;
    readable(found)
}

fn readable(place: &'static str) -> Result<&'static Path, Failure> {
    match fs::metadata(Path::new(place).join("events")) {
        Err(err) if err.kind() == ErrorKind::PermissionDenied => Err(failure(
            &format!("{place} may not be read: {err}"),
            &format!("run it with sudo; other users need {}", for_a_group()),
        )),
        Err(err) => Err(failure(
            &format!("{place} has no events: {err}"),
            "this kernel is built without CONFIG_EVENT_TRACING",
        )),
        Ok(_) => Ok(Path::new(place)),
    }
}

/// The commands that let other users than root read it.
pub(crate) fn for_a_group() -> String {
    let how = match mounted() {
        Some(place) => format!("remount,gid={},mode=750 {place}", getgid()),
        None => format!("gid={},mode=750 -t tracefs tracefs {}", getgid(), PLACES[0]),
    };
    format!("tracefs mounted for a group of theirs: sudo mount -o {how}")
}

fn mount_it(place: &str) -> String {
    format!("mount it: sudo mount -t tracefs tracefs {place}")
}

fn failure(message: &str, hint: &str) -> Failure {
    Failure::new(message, hint).code(Code::NO_TRACEFS)
}

/// Its mount point.
pub fn mounted() -> Option<&'static str> {
    PLACES.into_iter().find(is_tracefs)
}

/// Every tracepoint in the `events` of tracefs, by category and name: `sched/sched_switch`.
pub fn tracepoints(events: &Path) -> Vec<String> {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
    };
    let all = names(events).flat_map(|category| {
        let own = names(&events.join(&category));
        own.map(move |name| format!("{category}/{name}"))
    });
    all.filter(|name| events.join(name).is_dir()).collect()
}

fn is_tracefs(place: &&str) -> bool {
    statfs(*place).is_ok_and(|fs| fs.filesystem_type() == TRACEFS_MAGIC)
}

fn mount_privately() -> Result<&'static str> {
    let [place, _] = PLACES;
    let nothing = None::<&str>;
    // Later mounts of the host still appear here; mounts made here stay here.
    let receive_only = MsFlags::MS_REC | MsFlags::MS_SLAVE;
    let harmless = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(nothing, "/sys", nothing, receive_only, nothing))
        .and_then(|()| mount(Some("tracefs"), place, Some("tracefs"), harmless, nothing))
        .map_err(|err| {
            failure(
                &format!("tracefs is not mounted, and can not be mounted privately: {err}"),
                &mount_it(place),
            )
        })?;
    debug!("mounted tracefs at {place}, for this process alone");
    Ok(place)
}
