//! Cost for traced processes: run time of the BPF programs in the kernel.

mod runtime;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bpfapps_task::out;

use crate::figures::{Goal, Table, goals, median, ratio};
use crate::process;
use crate::programs::{Program, Programs};
use crate::tracer::Tracer;
use crate::workload::Storm;
pub(super) use runtime::{Runs, Runtime};

/// Processes of one storm, and storms for each tracer.
const PROCESSES: u64 = 3000;
const STORMS: usize = 5;

/// Nanoseconds that a run may take.
const EXEC_AT_MOST: f64 = 1500.0;
const EXIT_AT_MOST: f64 = 900.0;

pub(crate) fn measure(programs: &Programs) -> Result<()> {
    let storm = Storm::build(&programs.c)?;
    let runtime = programs.c.program("runtime.c", "runtime", None)?;
    let tracers = [programs.bootstrap(), programs.small()?];
    out::note(format_args!(
        "counting in {STORMS} storms of {PROCESSES} processes for each tracer …"
    ));

    let mut execs = tracers.each_ref().map(|_| Vec::with_capacity(STORMS));
    let mut exits = execs.clone();
    for _ in 0..STORMS {
        for (i, tracer) in tracers.iter().enumerate() {
            let (exec, exit) = count(tracer, &storm, &runtime)?;
            execs[i].push(exec);
            exits[i].push(exit);
        }
    }

    let mut table = Table::new(["in the kernel, a run", "exec", "to C", "exit", "to C"]);
    let (base_exec, base_exit) = (median(&execs[1])?, median(&exits[1])?);
    for (i, tracer) in tracers.iter().enumerate() {
        let (exec, exit) = (median(&execs[i])?, median(&exits[i])?);
        table.row([
            tracer.label.to_owned(),
            format!("{exec:.0} ns"),
            ratio(exec, base_exec),
            format!("{exit:.0} ns"),
            ratio(exit, base_exit),
        ]);
    }
    table.print()?;
    let goal = |what, measured, at_most| Goal {
        what,
        measured,
        at_most,
        unit: " ns",
    };
    goals(&[
        goal("an exec in the kernel", median(&execs[0])?, EXEC_AT_MOST),
        goal("an exit in the kernel", median(&exits[0])?, EXIT_AT_MOST),
    ])
    .print()
}

/// Nanoseconds of a run of a tracer's programs for exec and for exit, in one storm.
fn count(program: &Program, storm: &Storm, runtime: &Path) -> Result<(f64, f64)> {
    let rows = File::create("/dev/null").context("failed to open /dev/null")?;
    let mut tracer = Tracer::start_into(&mut program.command(), rows)?;
    tracer.sleeps()?;
    let files = process::files(tracer.id())?;
    let ids: BTreeSet<_> = files
        .iter()
        .filter_map(|file| process::number(file, "prog_id"))
        .collect();

    let mut runtime = Runtime::start(runtime, ids)?;
    let before = runtime.look()?;
    storm.run(PROCESSES)?;
    let after = runtime.look()?;
    drop(runtime);
    tracer.stop()?;
    let each = |name| {
        let runs = Runs::of(&after, name)?.since(&Runs::of(&before, name)?);
        if runs.count < PROCESSES {
            bail!("{name} ran {} times for {PROCESSES} processes", runs.count);
        }
        Ok(runs.ns as f64 / runs.count as f64)
    };
    Ok((each("handle_exec")?, each("handle_exit")?))
}
