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

use measure::{count, drain, idle, kernel, memory, ready, rebuild, scrape, size, storm};
use programs::Programs;

/// Measure bootstrap, and compare it with C programs and other tracers
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Options {
    /// Measurements to run
    #[arg(value_name = "WHAT", default_values = ["ready", "memory", "rebuild", "idle", "storm", "kernel", "drain", "count", "scrape"])]
    what: Vec<Measure>,
    /// Number of execs and exits in a storm
    #[arg(long, value_name = "N", default_value_t = 160_000, value_parser = clap::value_parser!(u64).range(2..))]
    events: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Measure {
    /// Time from the start until no event is missed
    Ready,
    /// Resident memory, without the ring buffer
    Memory,
    /// Time from an edit of BPF code until it runs
    Rebuild,
    /// Size of the binary, with all apps and with each alone
    Size,
    /// Wake-ups while nothing happens
    Idle,
    /// Cost and losses in a storm of execs and exits, compared with execsnoop, exitsnoop and
    /// bpftrace
    Storm,
    /// Cost for traced processes: run time of the BPF programs
    Kernel,
    /// Time to read an event and to format its row
    Drain,
    /// Cost of counting in the kernel, compared with bpftrace, and of reading the counts
    Count,
    /// Cost of an event when Prometheus asks for metrics each second
    Scrape,
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
            "not root, but the measured programs load BPF programs",
            "run as root, or measure only the size: cargo xtask bench size",
        ));
    }
    setup::ensure(Stage::Dist)?;
    if wanted(Measure::Storm) || wanted(Measure::Count) {
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
        if wanted(Measure::Count) {
            count::measure(&programs)?;
        }
        if wanted(Measure::Scrape) {
            scrape::measure(&programs)?;
        }
    }
    if wanted(Measure::Rebuild) {
        rebuild::measure()?.print()?;
    }
    // last, because it overwrites the binary that the others use
    if wanted(Measure::Size) {
        size::measure()?.print()?;
    }
    Ok(())
}

/// The machine of the measurement.
fn machine() -> Result<String> {
    let release = Release::running_name()?;
    let cores = thread::available_parallelism().context("failed to count the cores")?;
    Ok(format!("Linux {release}, {cores} cores"))
}
