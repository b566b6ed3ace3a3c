//! bootstrap and other tracers in a storm of execs and exits.

mod outcome;
mod tracers;

use std::time::Instant;

use anyhow::Result;
use bpfapps_task::out;

use super::mount;
use crate::figures::{Goal, Table, goals, median, ratio};
use crate::programs::{Program, Programs};
use crate::tracer::Tracer;
use crate::workload::Storm;
use outcome::{Outcome, Run};
use tracers::{BOOTSTRAP, EXECSNOOP, Rival};

/// Starts of each tracer, to measure its time to ready.
const STARTS: usize = 10;

pub(crate) fn measure(programs: &Programs, events: u64) -> Result<()> {
    mount::tracefs()?;
    let storm = Storm::build(&programs.c)?;
    let rivals = tracers::all(programs)?;

    let starts = starts(programs, &rivals)?;
    let mut outcomes = Vec::new();
    for rival in &rivals {
        outcomes.extend(run(programs, &storm, &[rival], events / 2)?);
    }
    let beside = [&rivals[BOOTSTRAP], &rivals[EXECSNOOP]];
    let beside = run(programs, &storm, &beside, events / 2)?;

    resources(&rivals, &starts, &outcomes)?.print()?;
    let alone = rivals.iter().zip(&outcomes);
    table("each alone in the storm", alone)?.print()?;
    let labelled = [BOOTSTRAP, EXECSNOOP].map(|i| &rivals[i]);
    table("both in one storm", labelled.into_iter().zip(&beside))?.print()?;
    reached(&outcomes[BOOTSTRAP], &beside).print()
}

/// One storm, in which all of these trace at once.
fn run(
    programs: &Programs,
    storm: &Storm,
    rivals: &[&Rival],
    processes: u64,
) -> Result<Vec<Outcome>> {
    let names: Vec<_> = rivals.iter().map(|rival| rival.program.label).collect();
    out::note(format_args!(
        "{} in a storm of {processes} processes …",
        names.join(" and ")
    ));
    let runs = rivals.iter().map(|rival| Run::start(programs, rival));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let took = storm.run(processes)?;
    let ends = runs.into_iter().map(|run| run.end(storm, took, processes));
    ends.collect()
}

/// Milliseconds from the start to the title line on a terminal, by turns.
fn starts(programs: &Programs, rivals: &[Rival]) -> Result<Vec<f64>> {
    out::note(format_args!("starting each tracer {STARTS} times …"));
    let mut times = vec![Vec::with_capacity(STARTS); rivals.len()];
    for _ in 0..STARTS {
        for (Rival { program, .. }, times) in rivals.iter().zip(&mut times) {
            times.push(start(programs, program)?);
        }
    }
    times.iter().map(|times| median(times)).collect()
}

fn start(programs: &Programs, program: &Program) -> Result<f64> {
    let mut command = tracers::command(programs, program)?;
    let start = Instant::now();
    let mut tracer = Tracer::start_on_terminal(&mut command, program.title)?;
    tracer.ready()?;
    let took = start.elapsed();
    // execsnoop is not yet prepared for being interrupted: its end, by its drop, need not be good
    Ok(took.as_secs_f64() * 1e3)
}

fn resources(rivals: &[Rival], starts: &[f64], outcomes: &[Outcome]) -> Result<Table> {
    let title = [
        "tracer",
        "ready",
        "to bpfapps",
        "peak memory",
        "without ring",
        "to bpfapps",
    ];
    let mut table = Table::new(title);
    for ((rival, ready), outcome) in rivals.iter().zip(starts).zip(outcomes) {
        table.row([
            rival.program.label.to_owned(),
            format!("{ready:.1} ms"),
            ratio(*ready, starts[BOOTSTRAP]),
            format!("{:.1} MiB", outcome.peak / 1024.0),
            format!("{:.1} MiB", outcome.own / 1024.0),
            ratio(outcome.own, outcomes[BOOTSTRAP].own),
        ]);
    }
    Ok(table)
}

fn table<'a>(
    title: &str,
    outcomes: impl Iterator<Item = (&'a Rival, &'a Outcome)>,
) -> Result<Table> {
    let title = [
        title,
        "reported",
        "lost",
        "CPU an event",
        "to bpfapps",
        "switches a second",
        "storm",
    ];
    let mut table = Table::new(title);
    let mut base = None;
    for (rival, outcome) in outcomes {
        // bootstrap is the first
        let base = *base.get_or_insert(outcome.cpu());
        table.row([
            rival.program.label.to_owned(),
            format!("{} of {}", outcome.reported, outcome.expected),
            outcome.lost().to_string(),
            format!("{:.2} us", outcome.cpu()),
            ratio(outcome.cpu(), base),
            format!("{:.0}", outcome.switches),
            format!("{:.1} s", outcome.took.as_secs_f64()),
        ]);
    }
    Ok(table)
}

fn reached(alone: &Outcome, beside: &[Outcome]) -> Table {
    let [bootstrap, execsnoop] = beside else {
        return goals(&[]);
    };
    let lost = alone.lost() + bootstrap.lost();
    let goal = |what, measured, at_most, unit| Goal {
        what,
        measured,
        at_most,
        unit,
    };
    goals(&[
        goal("events lost by bootstrap", lost as f64, 0.0, ""),
        goal(
            "CPU an event, to execsnoop in one storm",
            bootstrap.cpu() / execsnoop.cpu(),
            0.1,
            " x",
        ),
        goal(
            "context switches a second, alone",
            alone.switches,
            120.0,
            "",
        ),
    ])
}
