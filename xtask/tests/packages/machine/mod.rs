//! A machine with a real systemd, on which the package is installed: it has the files of this one,
//! keeps no change, and shares the kernel and the network.

mod boot;
mod fleet;
mod scaffold;
mod service;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_task::path;
use bpfapps_task::workspace::Workspace;
use bpfapps_testkit::cgroup::Cgroup;
use bpfapps_testkit::{Exit, Process, Test, fixture, skip};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

pub(super) use boot::FIXTURES;

pub(super) const TESTS: [&[Test]; 2] = [service::TESTS, fleet::TESTS];

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where systemd is, on a machine of today.
const SYSTEMD: &str = "/usr/lib/systemd/systemd";

/// It ends when this is dropped.
struct Machine {
    process: Option<Process>,
    first: String,
    cgroup: Cgroup,
    folder: TempDir,
}

impl Machine {
    /// Boots one; skips the test where that can't be.
    fn boot() -> Result<Self> {
        // where `cargo xtask test` unpacks it
        let unpacked = Workspace::here()?.target().join("systemd");
        let added = (!Path::new(SYSTEMD).exists()).then_some(unpacked);
        if added.as_ref().is_some_and(|added| !added.exists()) {
            skip("systemd is not installed, nor in target/systemd")?;
        }
        if !path::has("dpkg") {
            skip("dpkg is not installed")?;
        }
        let cgroup = Cgroup::new()?;
        let folder = TempDir::new()?;
        fs::create_dir(folder.path().join("machine"))?;
        let mut boot = fixture("machine")?;
        boot.arg(cgroup.path()).arg(folder.path()).args(added);
        let mut process = Process::start(&mut boot)?;
        let first = match process.line(|_| true) {
            Ok(first) => first,
            // what this machine refuses is no mistake of a package
            Err(err) => return skip(format!("no namespaces: {err:#}")).and_then(|()| Err(err)),
        };
        let mut machine = Self {
            process: Some(process),
            first,
            cgroup,
            folder,
        };
        machine.wait_for_boot()?;
        Ok(machine)
    }

    fn wait_for_boot(&mut self) -> Result<()> {
        let socket = self.path("run/systemd/private");
        let name = Path::new("/proc").join(&self.first).join("comm");
        let end = Instant::now() + PATIENCE;
        loop {
            let name = fs::read_to_string(&name).unwrap_or_default();
            // before it, the root is that of this machine
            if name == "systemd\n" && socket.exists() {
                break;
            }
            let is_over = !self.path("").exists();
            if let Some(process) = self.process.take_if(|_| is_over) {
                let said = process.wait()?.stderr;
                return skip(format!("systemd does not run here: {said:?}"));
            }
            ensure!(Instant::now() < end, "systemd does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        let state = self.run(&["systemctl", "is-system-running", "--wait"])?;
        let state = state.stdout.concat();
        // a service of this machine that fails in there is none of ours
        ensure!(state == "running" || state == "degraded", "it is {state}");
        Ok(())
    }

    /// A command in there.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first, "--wd"])
            .args(["--mount", "--pid", "--ipc", "--uts", "--cgroup", "--root"])
            .args(args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// A command in there, run to its end.
    fn run(&self, args: &[&str]) -> Result<Exit> {
        Process::run(&mut self.command(args))
    }

    /// The output of a command in there that goes well.
    fn output(&self, args: &[&str]) -> Result<Vec<String>> {
        let exit = self.run(args)?;
        if exit.code != Some(0) {
            let journal = self.run(&["journalctl", "--lines=30", "--no-pager"])?;
            bail!("{args:?}: {exit:?}; journal: {:#?}", journal.stdout);
        }
        Ok(exit.stdout)
    }

    /// A file in there, as it is seen from here.
    fn path(&self, path: &str) -> PathBuf {
        Path::new("/proc").join(&self.first).join("root").join(path)
    }

    /// Writes a file, and the folders above it.
    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path(path);
        fs::create_dir_all(path.parent().context("no folder")?)?;
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
    }

    fn install(&self, package: &Path) -> Result<()> {
        let name = "root/package.deb";
        fs::copy(package, self.path(name))?;
        self.output(&["dpkg", "--install", &format!("/{name}")])?;
        Ok(fs::remove_file(self.path(name))?)
    }

    /// A property of a unit.
    fn property(&self, unit: &str, name: &str) -> Result<String> {
        let shown = self.output(&["systemctl", "show", "--value", "--property", name, unit])?;
        Ok(shown.concat())
    }

    /// Waits until a property of a unit has that value.
    fn until(&self, unit: &str, name: &str, value: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.property(unit, name)?;
            if found == value {
                return Ok(());
            }
            ensure!(Instant::now() < end, "{name} of {unit} is {found}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The id that the one process of a unit has outside.
    fn pid(&self, unit: &str) -> Result<u32> {
        let group = self.property(unit, "ControlGroup")?;
        let file = format!("{}{group}/cgroup.procs", self.cgroup.path());
        let pids = fs::read_to_string(&file).with_context(|| format!("no {file}"))?;
        let pid = pids.trim().parse();
        pid.with_context(|| format!("not one process in {unit}: {pids:?}"))
    }

    fn signal(&self, unit: &str, signal: Signal) -> Result<()> {
        Ok(kill(Pid::from_raw(self.pid(unit)?.try_into()?), signal)?)
    }

    /// The lines that a unit has logged.
    fn journal(&self, unit: &str) -> Result<Vec<String>> {
        self.output(&["journalctl", "--sync"])?;
        self.output(&["journalctl", "--unit", unit, "--output=cat", "--no-pager"])
    }

    /// What has been written in there and has such a name.
    fn named(&self, name: &str) -> Result<Vec<PathBuf>> {
        let process = self.process.as_ref().context("it is gone")?;
        // this process still sees the folder
        let outside = format!("/proc/{}/root", process.pid());
        let upper = self.folder.path().join(boot::UPPER);
        let upper = Path::new(&outside).join(upper.strip_prefix("/")?);
        let mut folders = vec![upper, self.path("run"), self.path("tmp")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_name().to_string_lossy().contains(name) {
                    found.push(path);
                } else if entry.file_type()?.is_dir() {
                    folders.push(path);
                }
            }
        }
        Ok(found)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.process.take());
        // the kernel ends the rest in its own time
        let end = Instant::now() + PATIENCE;
        while !is_empty(Path::new(self.cgroup.path())) && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Removes the cgroups below, and returns true if there is none left.
fn is_empty(cgroup: &Path) -> bool {
    let Ok(entries) = fs::read_dir(cgroup) else {
        return true;
    };
    let mut all = true;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            let removed = is_empty(&path) && fs::remove_dir(&path).is_ok();
            all &= removed;
        }
    }
    all
}
