//! A tracer without events.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bpfapps_task::out;

use crate::figures::{Goal, Table, goals};
use crate::process::{context_switches, is_asleep};
use crate::programs::Programs;

/// Time of observation.
const IDLE: Duration = Duration::from_secs(10);

/// Milliseconds that no process lives.
pub(crate) const FOREVER: &str = "1000000000000";

/// Wake-ups that there may be.
const AT_MOST: f64 = 0.0;

pub(crate) fn measure(programs: &Programs) -> Result<Table> {
    // processes come and go, and none lives that long
    out::note(format_args!(
        "leaving bootstrap idle for {} s, with --duration {FOREVER} …",
        IDLE.as_secs()
    ));
    let mut tracer = programs.bootstrap().args(["--duration", FOREVER]).start()?;
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
