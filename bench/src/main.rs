//! `cargo xtask bench`: figures about bootstrap, measured on this machine.

mod c;
mod figures;
mod measure;
mod process;
mod programs;
mod smaps;
mod tracer;
mod workload;

use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result};
use bpfapps_host::Release;
use bpfapps_task::{out, path};
use bpfapps_xtask::setup::{self, Stage};
use clap::Parser;

use measure::{drain, idle, kernel, memory, ready, rebuild, size, storm};
use programs::Programs;

/// Measure bootstrap, beside C programs and other tracers
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Options {
    /// What to measure
    #[arg(value_name = "WHAT", default_values = ["ready", "memory", "rebuild", "idle", "storm", "kernel", "drain"])]
    what: Vec<Measure>,
    /// How many execs and exits make a storm
    #[arg(long, value_name = "N", default_value_t = 160_000, value_parser = clap::value_parser!(u64).range(2..))]
    events: u64,
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
    /// How often it wakes up when nothing happens
    Idle,
    /// What it costs, and loses, among execs and exits, beside execsnoop, exitsnoop and bpftrace
    Storm,
    /// What it costs those that it traces: how long its BPF programs run
    Kernel,
    /// What it takes to read an event, and to make a row of it
    Drain,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => out::failure(&error),
    }
}

fn run(options: &Options) -> Result<()> {
    let wanted = |measure| options.what.contains(&measure);
    let traces = |measure: &Measure| !matches!(measure, Measure::Rebuild | Measure::Size);
    let traces = options.what.iter().any(traces);
    if (traces || wanted(Measure::Rebuild)) && !path::is_root() {
        return Err(out::hinted(
            "not root, and what is measured loads BPF programs",
            "run as root, or measure only the size: cargo xtask bench size",
        ));
    }
    setup::ensure(Stage::Dist)?;
    if wanted(Measure::Storm) {
        setup::ensure(Stage::Bench)?;
    }

    out::result(machine()?)?;
    if traces {
        let programs = Programs::build()?;
        let readers = programs.readers()?;
        if wanted(Measure::Ready) {
            ready::measure(&readers)?.print()?;
        }
        if wanted(Measure::Memory) {
            memory::measure(&readers)?.print()?;
        }
        if wanted(Measure::Idle) {
            idle::measure(&programs)?.print()?;
        }
        if wanted(Measure::Storm) {
            storm::measure(&programs, options.events)?;
        }
        if wanted(Measure::Kernel) {
            kernel::measure(&programs)?;
        }
        if wanted(Measure::Drain) {
            drain::measure(&programs)?;
        }
    }
    if wanted(Measure::Rebuild) {
        rebuild::measure()?.print()?;
    }
    // last: it builds other binaries where the one above lies
    if wanted(Measure::Size) {
        size::measure()?.print()?;
    }
    Ok(())
}

/// What the figures are true for.
fn machine() -> Result<String> {
    let release = Release::running_name()?;
    let cores = thread::available_parallelism().context("failed to count the cores")?;
    Ok(format!("Linux {release}, {cores} cores"))
}
