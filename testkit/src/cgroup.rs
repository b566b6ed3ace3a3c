//! Cgroups that a test makes for itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::{Process, cli, skip};

/// An empty cgroup. It is removed when this is dropped, and must be empty then.
#[derive(Debug)]
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes one of version 2; skips the test on a machine where that can't be.
    ///
    /// # Errors
    ///
    /// It cannot be created.
    pub fn new() -> Result<Self> {
        Self::on(|kind| kind.starts_with("cgroup2 "), "cgroup v2")
    }

    /// Makes one of version 1 with this controller; skips the test where that can't be.
    ///
    /// # Errors
    ///
    /// It cannot be created.
    pub fn of_version_1(controller: &str) -> Result<Self> {
        let is_its = |kind: &str| {
            let options = kind.rsplit(' ').next().unwrap_or_default();
            kind.starts_with("cgroup ") && options.split(',').any(|it| it == controller)
        };
        Self::on(is_its, "cgroup v1")
    }

    fn on(is_wanted: impl Fn(&str) -> bool, version: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mounts = fs::read_to_string("/proc/self/mountinfo").context("failed to read mounts")?;
        let root = mounts.lines().find_map(|line| {
            let (mount, kind) = line.split_once(" - ")?;
            is_wanted(kind).then(|| mount.split(' ').nth(4))?
        });
        let Some(root) = root else {
            skip(format!("no such {version} hierarchy is mounted"))?;
            unreachable!("that is an error");
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(root).join(format!("bpfapps-test-{}-{count}", process::id()));
        if let Err(err) = fs::create_dir(&folder) {
            skip(format!("no cgroup can be made below {root}: {err}"))?;
        }
        Ok(Self(folder))
    }

    /// A cgroup below this one, to be dropped first.
    ///
    /// # Errors
    ///
    /// It can't be made.
    pub fn below(&self, name: &str) -> Result<Self> {
        let folder = self.0.join(name);
        fs::create_dir(&folder).with_context(|| format!("failed to create {name}"))?;
        Ok(Self(folder))
    }

    /// Its folder.
    ///
    /// # Panics
    ///
    /// That is no UTF-8.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("a path of a cgroup is UTF-8")
    }

    /// Its id, as the kernel gives it to BPF programs.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub fn id(&self) -> Result<u64> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(fs::metadata(&self.0).context("the cgroup is gone")?.ino())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // one that is not empty stays, and the test that left something in it failed before
        let _ = fs::remove_dir(&self.0);
    }
}

/// Checks the message for a `--cgroup` that does not exist: the path, and where to look.
///
/// # Errors
///
/// Something else.
pub fn missing_is_named(app: &str) -> Result<()> {
    Process::run(&mut cli([app, "--cgroup", "/no/such"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0055]: `/no/such` is not a cgroup v2")?
        .expect_stderr("hint: look below ")?;
    Ok(())
}

/// Puts this process into the cgroup with that folder: for fixtures, before they do anything.
///
/// # Errors
///
/// There is none, or it may not.
pub fn enter(folder: &str) -> Result<()> {
    let procs = Path::new(folder).join("cgroup.procs");
    fs::write(&procs, process::id().to_string())
        .with_context(|| format!("failed to write to {}", procs.display()))
}
