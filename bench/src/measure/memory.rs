//! Resident memory of a tracer, without the mapping of its ring buffer, whose size is a choice of
//! its user.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bpfapps_task::out;

use crate::figures::{Table, largest, median, ratio};
use crate::process::{is_asleep, read};
use crate::programs::{BASE, Program};
use crate::smaps::{self, Resident};

/// Starts of each program.
const STARTS: usize = 10;

/// A tracer that was ready has nothing left to do but map its ring.
const SETTLED: Duration = Duration::from_secs(10);

pub(crate) fn measure(programs: &[Program; BASE + 1]) -> Result<Table> {
    out::note(format_args!("looking at the memory of {STARTS} starts …"));
    let mut peaks = programs.each_ref().map(|_| Vec::with_capacity(STARTS));
    let mut steadies = peaks.clone();
    for _ in 0..STARTS {
        for (i, program) in programs.iter().enumerate() {
            let (peak, steady) = watch(program)?;
            peaks[i].push(peak);
            steadies[i].push(steady);
        }
    }

    let base = (largest(&peaks[BASE])?, median(&steadies[BASE])?);
    let title = ["resident without ring", "peak", "to C", "steady", "to C"];
    let mut table = Table::new(title);
    for (i, program) in programs.iter().enumerate() {
        let (peak, steady) = (largest(&peaks[i])?, median(&steadies[i])?);
        table.row([
            program.label.to_owned(),
            format!("{:.2} MiB", peak / 1024.0),
            ratio(peak, base.0),
            format!("{:.2} MiB", steady / 1024.0),
            ratio(steady, base.1),
        ]);
    }
    Ok(table)
}

/// Peak and steady memory of one run, in KiB.
fn watch(program: &Program) -> Result<(f64, f64)> {
    let mut tracer = program.start()?;
    let id = tracer.id();
    let mut peak = 0;
    let tracer = thread::scope(|scope| {
        let ready = scope.spawn(move || tracer.ready().map(|()| tracer));
        while !ready.is_finished() {
            // a process that has just ended shows no memory, and is no tracer
            if let Ok(seen) = look(id) {
                peak = peak.max(seen.peak);
            }
        }
        match ready.join() {
            Ok(ready) => ready,
            Err(_) => bail!("the reader of a tracer panicked"),
        }
    })?;

    let deadline = Instant::now() + SETTLED;
    let steady = loop {
        let seen = look(id)?;
        peak = peak.max(seen.peak);
        if seen.ring && is_asleep(id)? {
            break look(id)?.own;
        }
        if Instant::now() > deadline {
            bail!("{} has not mapped its ring buffer", program.label);
        }
    };
    tracer.stop()?;
    Ok((peak as f64, steady as f64))
}

/// The memory of a process at one moment, in KiB.
struct Seen {
    /// The peak so far, as far as it is known.
    peak: u64,
    own: u64,
    ring: bool,
}

/// The kernel's peak of a process includes the ring. So that peak is used until the ring is mapped,
/// and samples afterwards.
fn look(id: u32) -> Result<Seen> {
    // in this order: a ring that is not there now was not there before
    let status = read(id, "status")?;
    let Resident { own, ring } = smaps::parse(&read(id, "smaps")?).context("smaps read strange")?;
    let ring = ring > 0;
    let kept = smaps::kib(&status, "VmHWM").context("a process without memory")?;
    let peak = if ring { own } else { own.max(kept) };
    Ok(Seen { peak, own, ring })
}
