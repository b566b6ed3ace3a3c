//! The life of a service.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bpfapps_testkit::loaded::{self, Loaded};
use bpfapps_testkit::{Test, test};
use nix::sys::signal::Signal;

use super::super::Shipped;
use super::{Machine, PATIENCE};

pub(super) const TESTS: &[Test] = &[
    test!(service_lives_and_dies_with_systemd),
    test!(purged_package_leaves_nothing),
];

const UNIT: &str = "bpfapps@bootstrap.service";

/// A machine that has the package.
fn installed() -> Result<Machine> {
    let machine = Machine::boot()?;
    machine.install(&Shipped::new()?.packed("deb")?)?;
    Ok(machine)
}

/// Runs a program, and waits until a text has a line about it.
fn is_seen(text: impl Fn() -> Result<String>) -> Result<()> {
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    let pid = child.id().to_string();
    let is_pid = |word: &str| word == pid;
    let end = Instant::now() + PATIENCE;
    loop {
        let text = text()?;
        let mut words = text.split(|c: char| !c.is_ascii_digit());
        if words.any(is_pid) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "process {pid} is not in {text}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until systemd has started it `count` times again.
fn is_restarted(machine: &Machine, count: u32, before: &Loaded) -> Result<()> {
    machine.until(UNIT, "NRestarts", &count.to_string())?;
    machine.until(UNIT, "SubState", "running")?;
    loaded::gone(before)
}

fn service_lives_and_dies_with_systemd() -> Result<()> {
    let machine = installed()?;
    let journal = || Ok(machine.journal(UNIT)?.join("\n"));

    // once it has started, no event is missed
    machine.output(&["systemctl", "start", UNIT])?;
    ensure!(machine.property(UNIT, "ActiveState")? == "active");
    is_seen(journal)?;

    // by the file that the package installs for that
    let log = "var/log/bpfapps/bootstrap/events.json";
    machine.write(
        "etc/bpfapps/config.yaml",
        &format!("bootstrap:\n  output: json\n  output-file: /{log}\n"),
    )?;
    machine.output(&["systemctl", "restart", UNIT])?;
    is_seen(|| Ok(fs::read_to_string(machine.path(log))?))?;

    let held = loaded::held_by(machine.pid(UNIT)?)?;
    machine.signal(UNIT, Signal::SIGKILL)?;
    is_restarted(&machine, 1, &held)?;
    is_seen(|| Ok(fs::read_to_string(machine.path(log))?))?;

    let hurry = "[Service]\nWatchdogSec=3\nRestartSec=0\n";
    let runtime = format!("run/systemd/system/{UNIT}.d");
    machine.write(&format!("{runtime}/hurry.conf"), hurry)?;
    machine.output(&["systemctl", "daemon-reload"])?;
    machine.output(&["systemctl", "restart", UNIT])?;
    let held = loaded::held_by(machine.pid(UNIT)?)?;
    machine.signal(UNIT, Signal::SIGSTOP)?;
    is_restarted(&machine, 1, &held)?;
    let said = journal()?;
    ensure!(said.contains("Watchdog timeout"), "{said}");

    let held = loaded::held_by(machine.pid(UNIT)?)?;
    machine.output(&["systemctl", "stop", UNIT])?;
    ensure!(machine.property(UNIT, "Result")? == "success");
    loaded::gone(&held)?;
    let socket = machine.property("bpfapps@bootstrap.socket", "ActiveState")?;
    ensure!(socket == "inactive", "the socket is {socket}");

    // wrong usage stays wrong
    machine.write("etc/bpfapps/config.yaml", "bootstrap:\n  durations: 5\n")?;
    let start = machine.run(&["systemctl", "start", UNIT])?;
    ensure!(start.code == Some(1), "{start:?}");
    let said = journal()?;
    ensure!(said.contains("durations"), "{said}");
    let status = machine.property(UNIT, "ExecMainStatus")?;
    ensure!(status == "2", "it has ended with {status}: {said}");
    ensure!(machine.property(UNIT, "ActiveState")? == "failed");
    ensure!(machine.property(UNIT, "NRestarts")? == "0");
    Ok(())
}

fn purged_package_leaves_nothing() -> Result<()> {
    let machine = installed()?;
    let units = [UNIT, "bpfapps@procs.service"];
    for unit in units {
        machine.output(&["systemctl", "enable", "--now", unit])?;
    }
    let mut held = Vec::new();
    for unit in units {
        held.push(loaded::held_by(machine.pid(unit)?)?);
    }
    let named = machine.named("bpfapps")?;
    ensure!(named.len() > 10, "{named:?}");
    machine.output(&["dpkg", "--purge", "bpfapps"])?;
    for held in &held {
        loaded::gone(held)?;
    }
    let left = machine.named("bpfapps")?;
    ensure!(left.is_empty(), "{left:?}");
    let units = machine.output(&["systemctl", "list-units", "--all", "--plain", "bpfapps*"])?;
    let is_there = units.iter().any(|line| line.starts_with("bpfapps"));
    ensure!(!is_there, "{units:?}");
    Ok(())
}
