//! `cargo xtask setup`: finds missing requirements and installs them.

mod cross;
mod detect;
mod install;
mod manager;
pub(crate) mod place;
mod requirement;
mod requirements;
mod rust;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bpfapps_task::{Arch, apt};

pub use requirement::Stage;

pub(crate) use detect::clang;
pub(crate) use requirement::{Probe, Requirement};

use requirements::ALL;

use crate::out;
use crate::target::{self, Target};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only report missing requirements; exit 1 if there are any
    #[arg(long)]
    check: bool,
    /// Purpose of the requirements [default: all but QEMU, cargo-deny and the tools for comparison
    /// in bench]
    #[arg(long = "for", value_name = "STAGE")]
    stage: Option<Stage>,
    /// Include what building for another processor needs: aarch64-unknown-linux-gnu
    #[arg(long, value_name = "TRIPLE", value_parser = target::parse)]
    target: Option<Arch>,
    /// Wait this many seconds for other installations
    #[arg(long, value_name = "SECONDS", default_value_t = apt::PATIENCE.as_secs())]
    wait: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let target = Target::of(options.target);
    let missing = missing(options.stage, target);
    if missing.is_empty() {
        out::result("nothing is missing")?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.check {
        for requirement in &missing {
            out::result(describe(requirement))?;
        }
        return Ok(ExitCode::FAILURE);
    }
    let patience = Duration::from_secs(options.wait);
    supply(options.stage, target, &missing, patience)?;
    out::result("nothing is missing any more")?;
    Ok(ExitCode::SUCCESS)
}

/// The requirements of building, each with its remedy if it is missing.
pub(crate) fn building() -> Vec<(&'static Requirement, Option<String>)> {
    let missing = missing(Some(Stage::Build), Target::Here);
    let needed = ALL.iter().filter(|it| it.stage == Stage::Build);
    let with_remedy = needed.map(|requirement| {
        let is_missing = missing.iter().any(|it| it.name == requirement.name);
        let remedy = is_missing.then(|| match install::remedy(requirement) {
            Ok(command) => command.to_string(),
            Err(reason) => reason,
        });
        (requirement, remedy)
    });
    with_remedy.collect()
}

/// Installs what a stage needs, and is silent where nothing is missing. Refuses to build where that
/// would fail.
pub fn ensure(stage: Stage) -> Result<()> {
    ensure_for(stage, Target::Here)
}

/// The same for builds of `target`.
pub(crate) fn ensure_for(stage: Stage, target: Target) -> Result<()> {
    if !matches!(stage, Stage::Deny | Stage::Docs) {
        place::check()?;
    }
    let missing = missing(Some(stage), target);
    if missing.is_empty() {
        Ok(())
    } else {
        supply(Some(stage), target, &missing, apt::PATIENCE)
    }
}

fn missing(stage: Option<Stage>, target: Target) -> Vec<&'static Requirement> {
    let asked = |needed| match stage {
        Some(stage) => stage.takes(needed),
        None => !needed.is_large(),
    };
    let further = match target {
        Target::Here => &[],
        Target::Other(arch) => cross::requirements(arch),
    };
    let is_own = |it: &&Requirement| further.iter().all(|other| other.name != it.name);
    let own = ALL.iter().filter(is_own).filter(|it| asked(it.stage));
    let mut missing = detect::missing(Target::Here, own);
    let further = further.iter().filter(|it| asked(it.stage));
    missing.extend(detect::missing(target, further));
    missing
}

/// Installs the requirements, checks again, and reports what is still missing.
fn supply(
    stage: Option<Stage>,
    target: Target,
    before: &[&Requirement],
    patience: Duration,
) -> Result<()> {
    let deadline = Instant::now() + patience;
    let ended = install::install(before, deadline);
    let after = missing(stage, target);
    if after.is_empty() {
        // a manager may fail after it has done what was asked of it
        return Ok(());
    }
    for requirement in &after {
        out::note(describe(requirement));
    }
    let names: Vec<_> = after.iter().map(|requirement| requirement.name).collect();
    ended.and_then(|()| Err(anyhow!("still missing: {}", names.join(", "))))
}

/// A line with the missing thing, its purpose, and its source.
fn describe(requirement: &Requirement) -> String {
    let Requirement { name, why, .. } = requirement;
    match install::remedy(requirement) {
        Ok(command) => format!("missing: {name}, {why}: {command}"),
        Err(reason) => format!("missing: {name}, {why}: {reason}"),
    }
}
