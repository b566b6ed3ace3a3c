//! `cargo xtask bench`: figures about bootstrap, measured on this machine.

mod figures;
mod memory;
mod programs;
mod ready;
mod rebuild;
mod size;
mod tracer;

use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result};

use crate::setup::{self, Stage};
use crate::{out, path, vmlinux};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_name = "WHAT", default_values = ["ready", "memory", "rebuild"])]
    what: Vec<Measure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    /// How long it takes from the start until nothing is missed
    Ready,
    /// How much memory stays resident, without the ring buffer
    Memory,
    /// How long it takes from an edit of BPF code until it runs
    Rebuild,
    /// How large the binary is, with all apps and with each alone
    Size,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let wanted = |measure| options.what.contains(&measure);
    let (ready, memory, rebuild) = (
        wanted(Measure::Ready),
        wanted(Measure::Memory),
        wanted(Measure::Rebuild),
    );
    if (ready || memory || rebuild) && !path::is_root() {
        return Err(out::hinted(
            "not root, and what is measured loads BPF programs",
            "run as root, or measure only the size: cargo xtask bench size",
        ));
    }
    setup::ensure(Stage::Dist)?;

    out::result(machine()?)?;
    if ready || memory {
        let programs = programs::build()?;
        if ready {
            ready::measure(&programs)?.print()?;
        }
        if memory {
            memory::measure(&programs)?.print()?;
        }
    }
    if rebuild {
        rebuild::measure()?.print()?;
    }
    // last: it builds other binaries where the one above lies
    if wanted(Measure::Size) {
        size::measure()?.print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the figures are true for.
fn machine() -> Result<String> {
    let release = vmlinux::running_release()?;
    let cores = thread::available_parallelism().context("failed to count the cores")?;
    Ok(format!("Linux {release}, {cores} cores"))
}
