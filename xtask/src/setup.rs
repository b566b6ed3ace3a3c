//! `cargo xtask setup`: finds missing requirements and installs them.

mod detect;
mod install;
mod manager;
pub(crate) mod place;
mod requirement;
mod requirements;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bpfapps_task::apt;

pub use requirement::Stage;

pub(crate) use detect::clang;
pub(crate) use requirement::{Probe, Requirement};

use requirements::ALL;

use crate::out;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only report missing requirements; exit 1 if there are any
    #[arg(long)]
    check: bool,
    /// Purpose of the requirements [default: all but QEMU, cargo-deny and the tools for comparison
    /// in bench]
    #[arg(long = "for", value_name = "STAGE")]
    stage: Option<Stage>,
    /// Wait this many seconds for other installations
    #[arg(long, value_name = "SECONDS", default_value_t = apt::PATIENCE.as_secs())]
    wait: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let missing = missing(options.stage);
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
    supply(options.stage, &missing, Duration::from_secs(options.wait))?;
    out::result("nothing is missing any more")?;
    Ok(ExitCode::SUCCESS)
}

/// The requirements of building, each with its remedy if it is missing.
pub(crate) fn building() -> Vec<(&'static Requirement, Option<String>)> {
    let missing = missing(Some(Stage::Build));
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
    if !matches!(stage, Stage::Deny | Stage::Docs) {
        place::check()?;
    }
    let missing = missing(Some(stage));
    if missing.is_empty() {
        Ok(())
    } else {
        supply(Some(stage), &missing, apt::PATIENCE)
    }
}

fn missing(stage: Option<Stage>) -> Vec<&'static Requirement> {
    let asked = |needed| match stage {
        Some(stage) => stage.takes(needed),
        None => !needed.is_large(),
    };
    detect::missing(ALL.iter().filter(|requirement| asked(requirement.stage)))
}

/// Installs the requirements, checks again, and reports what is still missing.
fn supply(stage: Option<Stage>, before: &[&Requirement], patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    let ended = install::install(before, deadline);
    let after = missing(stage);
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
