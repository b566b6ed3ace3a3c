//! A tracer of which nothing happens that it would report.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bpfapps_task::out;

use crate::figures::{Goal, Table, goals};
use crate::process::{context_switches, is_asleep};
use crate::programs::Programs;

/// How long it is looked at.
const IDLE: Duration = Duration::from_secs(10);

/// Wake-ups that there may be.
const AT_MOST: f64 = 0.0;

pub(crate) fn measure(programs: &Programs) -> Result<Table> {
    // other processes come and go: of this one, nothing is to be reported meanwhile
    let id = process::id().to_string();
    out::note(format_args!(
        "leaving bootstrap idle for {} s, with --pid of this process …",
        IDLE.as_secs()
    ));
    let mut tracer = programs.bootstrap().args(["--pid", &id]).start()?;
    tracer.ready()?;
    let deadline = Instant::now() + IDLE;
    while !is_asleep(tracer.id())? {
        if Instant::now() > deadline {
            bail!("bootstrap never waits for events");
        }
    }

    let before = context_switches(tracer.id())?;
    thread::sleep(IDLE);
    let switches = context_switches(tracer.id())? - before;
    tracer.stop()?;
    Ok(goals(&[Goal {
        what: "context switches of bootstrap in 10 s, idle",
        measured: switches as f64,
        at_most: AT_MOST,
        unit: "",
    }]))
}
