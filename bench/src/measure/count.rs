//! Cost of counting in the kernel, and of reading what was counted.
//!
//! All programs are attached to one tracepoint at the same time: an empty one, a counter and a
//! histogram of `bpfapps/count.h`, and those of bpftrace.

mod reading;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_task::out;

use super::kernel::{Runs, Runtime};
use super::mount;
use crate::figures::{Goal, Table, goals, median, ratio};
use crate::process::{files, number};
use crate::programs::{Program, Programs};
use crate::tracer::Tracer;

/// System calls of one turn, and turns.
const CALLS: &str = "200000";
const TURNS: usize = 9;

/// Nanoseconds that a counter may take over an empty program, and milliseconds of reading.
const COUNTER_AT_MOST: f64 = 60.0;
const READ_AT_MOST: f64 = 20.0;

const COUNTER: &str = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }";
const HISTOGRAM: &str = "tracepoint:raw_syscalls:sys_enter { @[pid] = hist(args->id); }";

pub(crate) fn measure(programs: &Programs) -> Result<()> {
    mount::tracefs()?;
    let object = programs.c.bpf_object("count.bpf.c")?;
    let count = programs.c.program("count.c", "count", Some(&object))?;
    let runtime = programs.c.program("runtime.c", "runtime", None)?;
    out::note(format_args!(
        "counting {TURNS} times {CALLS} system calls …"
    ));

    let ours = Program::new("bpfapps/count.h", &count, "EVENT ").args(["attach"]);
    let bpftrace = |script| {
        let begin = format!("BEGIN {{ printf(\"EVENT \\n\"); }} {script}");
        Program::new("bpftrace", "bpftrace", "EVENT ").args(["-q", "-e", &begin])
    };
    let tracers = [ours, bpftrace(COUNTER), bpftrace(HISTOGRAM)];
    let mut running = Vec::new();
    for tracer in &tracers {
        // bpftrace shows a line at once on a terminal only
        let mut tracer = Tracer::start_on_terminal(&mut tracer.command(), tracer.title)?;
        tracer.ready()?;
        running.push(tracer);
    }
    let mut statistics = Vec::new();
    for tracer in &running {
        statistics.push(Runtime::start(&runtime, programs_of(tracer)?)?);
    }
    let figures = [
        (0, "empty"),
        (0, "first_counter"),
        (0, "counter"),
        (1, ""),
        (0, "histogram"),
        (2, ""),
    ];
    let mut times = figures.map(|_| Vec::with_capacity(TURNS));
    for _ in 0..TURNS {
        let before = look(&mut statistics)?;
        run(&count, &["call", CALLS])?;
        let after = look(&mut statistics)?;
        for ((of, name), times) in figures.iter().zip(&mut times) {
            times.push(per_run(&before[*of], &after[*of], name)?);
        }
    }
    drop(statistics);
    for tracer in running {
        tracer.stop()?;
    }

    let medians = times
        .iter()
        .map(|times| median(times))
        .collect::<Result<Vec<_>>>()?;
    let mut table = Table::new([
        "in the kernel, a run",
        "median",
        "over empty",
        "to bpftrace",
    ]);
    let [
        empty,
        first,
        counter,
        their_counter,
        histogram,
        their_histogram,
    ] = medians[..]
    else {
        unreachable!("as many as figures")
    };
    let mut row = |label: &str, time: f64, base: f64| {
        let over = format!("{:.0} ns", time - empty);
        table.row([
            label.to_owned(),
            format!("{time:.0} ns"),
            over,
            ratio(time, base),
        ]);
    };
    row("empty program", empty, their_counter);
    row("first counter by pid", first, their_counter);
    row("counter by pid", counter, their_counter);
    row("bpftrace count() by pid", their_counter, their_counter);
    row("histogram by pid", histogram, their_histogram);
    row("bpftrace hist() by pid", their_histogram, their_histogram);
    table.print()?;

    let read = reading::measure(programs, &count)?;
    let goal = |what, measured, at_most, unit| Goal {
        what,
        measured,
        at_most,
        unit,
    };
    goals(&[
        goal(
            "a counter over an empty program",
            counter - empty,
            COUNTER_AT_MOST,
            " ns",
        ),
        goal("a counter", counter, their_counter, " ns"),
        goal("a histogram", histogram, their_histogram, " ns"),
        goal("reading 100,000 keys", read, READ_AT_MOST, " ms"),
    ])
    .print()
}

fn run(program: &Path, args: &[&str]) -> Result<()> {
    let status = Command::new(program).args(args).status();
    let status = status.with_context(|| format!("failed to run {}", program.display()))?;
    ensure!(status.success(), "{} {args:?} failed", program.display());
    Ok(())
}

/// The ids of the programs that a tracer has loaded.
fn programs_of(tracer: &Tracer) -> Result<BTreeSet<u64>> {
    let files = files(tracer.id())?;
    Ok(files
        .iter()
        .filter_map(|file| number(file, "prog_id"))
        .collect())
}

fn look(statistics: &mut [Runtime]) -> Result<Vec<String>> {
    statistics.iter_mut().map(Runtime::look).collect()
}

/// Nanoseconds of a run of program `name`; without a name of the one that ran most.
fn per_run(before: &str, after: &str, name: &str) -> Result<f64> {
    let names = after.lines().filter_map(|line| line.split(' ').next());
    let runs = names
        .filter(|of| !of.is_empty() && (name.is_empty() || *of == name))
        .map(|name| Ok(Runs::of(after, name)?.since(&Runs::of(before, name)?)));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let most = runs
        .iter()
        .max_by_key(|runs| runs.count)
        .context("no program ran")?;
    ensure!(most.count > 0, "no program ran");
    Ok(most.ns as f64 / most.count as f64)
}
