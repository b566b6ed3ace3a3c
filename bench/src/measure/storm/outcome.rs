//! The events that a tracer reported in a storm, and its cost.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use super::tracers::{self, Rival};
use crate::programs::Programs;
use crate::tracer::Tracer;
use crate::workload::Storm;
use crate::{process, smaps};

/// A tracer that waits for the storm; its rows go to a file.
pub(super) struct Run {
    tracer: Tracer,
    rows: PathBuf,
    complaints: PathBuf,
    /// Events of one process.
    events: u64,
    /// CPU time before the storm.
    cpu: Duration,
    switches: u64,
}

/// The result of a tracer.
pub(super) struct Outcome {
    pub(super) expected: u64,
    pub(super) reported: u64,
    /// Rows, including those of other processes.
    rows: u64,
    /// User and system time since it was ready.
    cpu: Duration,
    /// Context switches a second.
    pub(super) switches: f64,
    /// Resident memory at its peak, and that without ring buffers, in KiB.
    pub(super) peak: f64,
    pub(super) own: f64,
    pub(super) took: Duration,
}

impl Run {
    pub(super) fn start(programs: &Programs, rival: &Rival) -> Result<Self> {
        let Rival { program, events } = rival;
        let rows = programs.c.folder.join(format!("{}.rows", program.label));
        let mut command = tracers::command(programs, program)?;
        let complaints = tracers::complaints(programs, program);
        let mut tracer = Tracer::start_into(&mut command, tracers::create(rows.clone())?)?;
        let ready = tracer.sleeps();
        ready.with_context(|| format!("its stderr is in {}", complaints.display()))?;
        let id = tracer.id();
        Ok(Self {
            tracer,
            rows,
            complaints,
            events: *events,
            cpu: process::cpu_time(id)?,
            switches: process::context_switches(id)?,
        })
    }

    /// Looks at it once the storm is over, and ends it.
    pub(super) fn end(self, storm: &Storm, took: Duration, processes: u64) -> Result<Outcome> {
        let id = self.tracer.id();
        // exclude what it does after it has caught up
        let switches = process::context_switches(id)? - self.switches;
        process::settle(id)?;
        let cpu = process::cpu_time(id)? - self.cpu;
        let status = process::read(id, "status")?;
        let peak = smaps::kib(&status, "VmHWM").context("a process without memory")?;
        let mappings = smaps::parse(&process::read(id, "smaps")?);
        let ring = mappings.context("smaps read strange")?.ring;
        let stopped = self.tracer.stop();
        stopped.with_context(|| format!("its stderr is in {}", self.complaints.display()))?;

        let file = File::open(&self.rows).context("failed to open rows")?;
        let counted = count(BufReader::new(file), &storm.victim);
        let (rows, reported) = counted.context("failed to read rows")?;
        fs::remove_file(&self.rows).context("failed to remove rows")?;
        Ok(Outcome {
            expected: processes * self.events,
            reported,
            rows,
            cpu,
            switches: switches as f64 / took.as_secs_f64(),
            peak: peak as f64,
            own: (peak - ring) as f64,
            took,
        })
    }
}

impl Outcome {
    pub(super) fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.reported)
    }

    /// Microseconds of CPU time for each row.
    pub(super) fn cpu(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.rows as f64
    }
}

/// Rows below the title line, and those about the storm: with the victim as a whole word.
fn count(lines: impl BufRead, victim: &str) -> std::io::Result<(u64, u64)> {
    let (mut rows, mut reported) = (0, 0);
    for line in lines.split(b'\n').skip(1) {
        let line = line?;
        let mut words = line.split(|&byte| byte == b' ');
        rows += 1;
        reported += u64::from(words.any(|word| word == victim.as_bytes()));
    }
    Ok((rows, reported))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_others_are_told_from_those_of_the_storm() -> std::io::Result<()> {
        let bootstrap = "\
TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE
01:00:19 EXEC  storm-4711       14983   14961   ./storm-4711
01:00:19 EXIT  storm-4711       14983   14961   [0] (1ms)
01:00:19 EXEC  storm-47112      14987   14961   ./storm-4711-not
";
        assert_eq!(count(bootstrap.as_bytes(), "storm-4711")?, (3, 2));
        let execsnoop =
            "PCOMM PID PPID RET ARGS\nstorm-4711       30116  30107    0 ./storm-4711\n";
        assert_eq!(count(execsnoop.as_bytes(), "storm-4711")?, (1, 1));
        assert_eq!(count(&b"TITLE\n"[..], "storm-4711")?, (0, 0));
        Ok(())
    }
}
