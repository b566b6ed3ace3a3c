//! Cgroups: those of version 2 by their folders, and what a process belongs to by its path.

mod identity;

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bpfapps_explain::{Code, Failure};

use crate::caller;

pub use identity::Identity;

/// The mount point of the cgroup v2 hierarchy, if mounted.
fn mount_point() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(mount_point_in)
}

/// The mount point in a line of mountinfo, if that is of a cgroup v2 hierarchy.
fn mount_point_in(line: &str) -> Option<PathBuf> {
    let (mount, file_system) = line.split_once(" - ")?;
    let is_v2 = file_system.split(' ').next() == Some("cgroup2");
    is_v2.then(|| mount.split(' ').nth(4).map(PathBuf::from))?
}

/// The folder of a cgroup: `path`, which may also be as in /proc/PID/cgroup.
///
/// # Errors
///
/// There is no such cgroup v2.
pub fn folder(path: &str) -> Result<PathBuf> {
    let root = mount_point().context("no cgroup v2 hierarchy is mounted")?;
    let candidates = [PathBuf::from(path), root.join(path.trim_start_matches('/'))];
    let found = candidates
        .into_iter()
        .filter(|_| !path.is_empty())
        .find(|folder| folder.starts_with(&root) && folder.join("cgroup.procs").exists());
    match found {
        Some(folder) => Ok(folder),
        None => bail!(
            Failure::new(
                format!("`{path}` is not a cgroup v2"),
                format!(
                    "look below {}, or at the line 0:: of /proc/PID/cgroup",
                    root.display()
                ),
            )
            .code(Code::NO_CGROUP)
        ),
    }
}

/// True if this machine has the controller in a hierarchy of version 1. Processes may then have other
/// paths there than in version 2.
#[must_use]
pub fn is_v1(controller: &str) -> bool {
    let paths = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    paths.lines().any(|line| is_v1_in(line, controller))
}

/// The same, in a line of /proc/PID/cgroup.
fn is_v1_in(line: &str, controller: &str) -> bool {
    let controllers = line.split(':').nth(1).unwrap_or_default();
    controllers.split(',').any(|other| other == controller)
}

/// A cgroup's [`folder`], opened with the caller's rights.
///
/// # Errors
///
/// Those of [`folder`], or it cannot be opened.
pub fn open(path: &str) -> Result<(PathBuf, File)> {
    let folder = folder(path)?;
    let file = caller::act(|| File::open(&folder))?;
    let file = file.with_context(|| format!("failed to open {}", folder.display()))?;
    Ok((folder, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_of_version_1_are_named() {
        assert!(is_v1_in("8:pids:/docker", "pids"));
        assert!(is_v1_in("2:cpu,cpuacct:/", "cpuacct"));
        assert!(!is_v1_in("2:cpu,cpuacct:/", "pids"));
        assert!(!is_v1_in("0::/pids", "pids"));
    }

    #[test]
    fn mount_point_is_that_of_version_2() {
        let line = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw";
        assert_eq!(mount_point_in(line), Some("/sys/fs/cgroup".into()));
        let line = "31 23 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids";
        assert_eq!(mount_point_in(line), None);
    }
}
