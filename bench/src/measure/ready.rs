//! From the start of a tracer to its title line.

use std::time::Instant;

use anyhow::Result;
use bpfapps_task::out;

use crate::figures::{Table, largest, median, ratio, smallest};
use crate::programs::{BASE, Program};

/// Starts that only bring files and branch predictors up to date.
const WARM_UP: usize = 3;

/// Starts of each program that count.
const STARTS: usize = 40;

pub(crate) fn measure(programs: &[Program; BASE + 1]) -> Result<Table> {
    out::note(format_args!("starting each tracer {STARTS} times …"));
    let mut times = programs.each_ref().map(|_| Vec::with_capacity(STARTS));
    for round in 0..WARM_UP + STARTS {
        // in turns, so that other load on the machine affects all of them
        for (program, times) in programs.iter().zip(&mut times) {
            let start = Instant::now();
            let mut tracer = program.start()?;
            tracer.ready()?;
            let took = start.elapsed();
            tracer.stop()?;
            if round >= WARM_UP {
                times.push(took.as_secs_f64() * 1e3);
            }
        }
    }

    let base = median(&times[BASE])?;
    let mut table = Table::new(["ready to trace", "median", "fastest", "slowest", "to C"]);
    for (program, times) in programs.iter().zip(&times) {
        let median = median(times)?;
        table.row([
            program.label.to_owned(),
            format!("{median:.1} ms"),
            format!("{:.1} ms", smallest(times)?),
            format!("{:.1} ms", largest(times)?),
            ratio(median, base),
        ]);
    }
    Ok(table)
}
