//! From the id of a cgroup, as the kernel tells it, to the container that it stands for.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bpfapps_explain::{Code, Failure};

use crate::caller;

/// Where the cgroup v2 hierarchy is mounted, if it is.
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
                format!("`{path}` is no cgroup v2"),
                format!(
                    "look below {}, or at the line 0:: of /proc/PID/cgroup",
                    root.display()
                ),
            )
            .code(Code::NO_CGROUP)
        ),
    }
}

/// The same, open, with the rights that the caller has.
///
/// # Errors
///
/// As [`folder`], or it can't be opened.
pub fn open(path: &str) -> Result<(PathBuf, File)> {
    let folder = folder(path)?;
    let file = caller::act(|| File::open(&folder))?;
    let file = file.with_context(|| format!("failed to open {}", folder.display()))?;
    Ok((folder, file))
}

/// The containers that cgroups stand for, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Cgroups {
    containers: HashMap<u64, Option<String>>,
}

impl Cgroups {
    /// The id of the container that a cgroup belongs to; `None` where it belongs to none, or where
    /// it was gone before this was called.
    pub fn container(&mut self, cgroup: u64) -> Option<&str> {
        if !self.containers.contains_key(&cgroup) {
            if let Some(root) = mount_point() {
                self.read(&root, None);
            }
            // one that can't be found is not looked for again
            self.containers.entry(cgroup).or_insert(None);
        }
        self.containers.get(&cgroup)?.as_deref()
    }

    fn read(&mut self, folder: &Path, outer: Option<&str>) {
        let name = folder.file_name().and_then(|name| name.to_str());
        let container = name.and_then(container_id).or(outer);
        if let Ok(metadata) = fs::metadata(folder) {
            self.containers
                .insert(metadata.ino(), container.map(str::to_owned));
        }
        // what can't be read has gone meanwhile
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.read(&entry.path(), container);
            }
        }
    }
}

/// The id in a cgroup's name such as `docker-<id>.scope`: container engines use 64 hex digits.
fn container_id(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let id = name.rsplit('-').next()?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 64 && id.bytes().all(is_hex)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_is_what_engines_call_it() {
        let id = "0123456789abcdef".repeat(4);
        for name in [
            id.clone(),
            format!("docker-{id}.scope"),
            format!("cri-containerd-{id}.scope"),
            format!("libpod-{id}"),
        ] {
            assert_eq!(container_id(&name), Some(id.as_str()), "{name}");
        }
        for name in [
            "ssh.service",
            "user-1000.slice",
            &id[1..],
            "",
            &"g".repeat(64),
        ] {
            assert_eq!(container_id(name), None, "{name}");
        }
    }

    #[test]
    fn mount_point_is_that_of_version_2() {
        let line = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw";
        assert_eq!(mount_point_in(line), Some("/sys/fs/cgroup".into()));
        let line = "31 23 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids";
        assert_eq!(mount_point_in(line), None);
    }
}
