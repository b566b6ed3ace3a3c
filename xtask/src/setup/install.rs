//! Installs missing requirements; shows each command before it runs.

use std::env;
use std::io::{self, IsTerminal};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bpfapps_task::apt;

use super::manager::{CommandLine, Manager};
use super::requirement::{Probe, Requirement, Source};
use super::rust;
use crate::{out, path};

/// Installs everything that has a source, and waits for other installations until `deadline`. The
/// caller checks the result.
pub(crate) fn install(missing: &[&Requirement], deadline: Instant) -> Result<()> {
    let manager = Manager::find();
    let mut packages = Vec::new();
    let mut components = Vec::new();
    let mut crates = Vec::new();
    let mut targets = Vec::new();
    for requirement in missing {
        match &requirement.source {
            Source::Rustup(component) => components.push(*component),
            Source::Cargo(name) => crates.push(*name),
            Source::Target(arch) => targets.push(*arch),
            Source::Package(_) => {
                if let Ok(package) = package(requirement, manager) {
                    packages.extend(package.split(' '));
                }
            }
        }
    }
    // one package may answer several requirements
    packages.sort_unstable();
    packages.dedup();

    if let Some(manager) = manager.filter(|_| !packages.is_empty()) {
        become_root()?;
        for line in foreign(&packages) {
            needed(&packages, &line.with_root(), deadline)?;
        }
        if let Some(refresh) = manager.refresh() {
            // one broken third-party list is no reason not to try
            let line = refresh.with_root();
            let updated = run("updating the package lists", &line, deadline)?;
            if !updated.success() {
                out::note("going on with the package lists that are there");
            }
        }
        needed(&packages, &manager.install(&packages).with_root(), deadline)?;
    }
    if !components.is_empty() && path::has("rustup") {
        needed(&components, &component_add(&components), deadline)?;
    }
    for arch in targets {
        rust::install(arch, deadline)?;
    }
    for name in crates {
        needed(&[name], &compile(name), deadline)?;
    }
    Ok(())
}

/// The command that installs a requirement, or the reason why there is none.
pub(crate) fn remedy(requirement: &Requirement) -> Result<CommandLine, String> {
    match &requirement.source {
        Source::Rustup(component) if path::has("rustup") => Ok(component_add(&[component])),
        Source::Rustup(_) => Err("no rustup here; your distribution may package it".to_owned()),
        Source::Cargo(name) => Ok(compile(name)),
        Source::Target(arch) if path::has("rustup") => Ok(rust::target_add(*arch)),
        Source::Target(_) => Err("no rustup here; setup keeps a rustc of Debian for it".to_owned()),
        Source::Package(_) => {
            let manager = Manager::find();
            let packages: Vec<_> = package(requirement, manager)?.split(' ').collect();
            let manager = manager.ok_or_else(no_manager)?;
            let install = manager.install(&packages).with_root();
            let mut before = foreign(&packages);
            if !before.is_empty() {
                before.extend(manager.refresh());
            }
            let before = before.into_iter().map(CommandLine::with_root);
            Ok(CommandLine::all(before.chain([install])))
        }
    }
}

fn package(requirement: &Requirement, manager: Option<Manager>) -> Result<&'static str, String> {
    // no package would change what CLANG names
    if let (Probe::Clang, Some(chosen)) = (requirement.probe, env::var_os("CLANG")) {
        return Err(format!(
            "CLANG names {}, which is not that",
            chosen.display()
        ));
    }
    let manager = manager.ok_or_else(no_manager)?;
    match &requirement.source {
        Source::Package(packages) => packages[manager as usize].map_err(str::to_owned),
        Source::Rustup(name) | Source::Cargo(name) => Ok(name),
        Source::Target(arch) => Ok(arch.triple()),
    }
}

/// What dpkg must be told first about packages of other processors, `NAME:ARCH`.
fn foreign(packages: &[&str]) -> Vec<CommandLine> {
    let mut others: Vec<_> = packages
        .iter()
        .filter_map(|package| Some(package.split_once(':')?.1))
        .collect();
    others.dedup();
    if others.is_empty() {
        return Vec::new();
    }
    let known = Command::new("dpkg")
        .arg("--print-foreign-architectures")
        .output();
    let known = known.map(|it| it.stdout).unwrap_or_default();
    let known = String::from_utf8_lossy(&known);
    others.retain(|other| !known.lines().any(|line| line == *other));
    let add = |other: &str| CommandLine::new(&["dpkg", "--add-architecture", other]);
    others.into_iter().map(add).collect()
}

fn no_manager() -> String {
    let known = Manager::ALL.map(Manager::program).join(", ");
    format!("no package manager here that setup knows ({known})")
}

fn component_add(components: &[&str]) -> CommandLine {
    CommandLine::new(&[&["rustup", "component", "add"], components].concat())
}

/// Without optimizations it compiles in a third of the time, and it runs only briefly.
fn compile(name: &'static str) -> CommandLine {
    CommandLine::new(&["cargo", "install", "--locked", "--debug", name])
}

/// Makes sure that commands can run as root; a password is asked for now, by
/// sudo, before a spinner is in its way.
fn become_root() -> Result<()> {
    match path::root_prefix() {
        None => bail!("cannot install packages: not root, and sudo is not available"),
        Some([]) => Ok(()),
        Some(_) if !io::stderr().is_terminal() => Ok(()),
        Some(_) => {
            let mut validate = CommandLine::new(&["sudo", "--validate"]).command();
            let status = validate.status().context("failed to run sudo")?;
            if !status.success() {
                bail!("cannot install packages: sudo refused");
            }
            Ok(())
        }
    }
}

pub(super) fn needed(what: &[&str], line: &CommandLine, deadline: Instant) -> Result<()> {
    let label = format!("installing {}", what.join(", "));
    let status = run(&label, line, deadline)?;
    if !status.success() {
        bail!("{label} failed: `{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a command, and shows how it failed.
fn run(label: &str, line: &CommandLine, deadline: Instant) -> Result<ExitStatus> {
    out::note(format_args!("$ {line}"));
    let ended = apt::watch(label, line.command(), deadline)?;
    if !ended.status.success() {
        out::note(ended.tail(20));
    }
    Ok(ended.status)
}
