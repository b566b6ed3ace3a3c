//! What it costs an event when Prometheus asks for metrics each second.
//!
//! In each storm three bootstraps trace at once, so that the machine is the same for all: one
//! without metrics, one that is never asked, and one that is asked.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bpfapps_task::out;

use crate::figures::{Goal, Table, goals, median, ratio};
use crate::process::{cpu_time, settle};
use crate::programs::Programs;
use crate::tracer::Tracer;
use crate::workload::Storm;

/// Processes of a storm, and storms.
const PROCESSES: u64 = 20_000;
const STORMS: usize = 5;

const PERIOD: Duration = Duration::from_secs(1);

/// Times the CPU time of an event without metrics.
const AT_MOST: f64 = 1.05;

const LABELS: [&str; 3] = ["without metrics", "never scraped", "scraped each second"];

pub(crate) fn measure(programs: &Programs) -> Result<()> {
    let storm = Storm::build(&programs.c)?;
    let sockets = LABELS.map(|label| programs.c.folder.join(label.replace(' ', "-")));
    out::note(format_args!(
        "scraping in {STORMS} storms of {PROCESSES} processes …"
    ));
    let mut times = LABELS.map(|_| Vec::with_capacity(STORMS));
    let mut took = Vec::with_capacity(STORMS);
    for _ in 0..STORMS {
        let mut tracers = Vec::new();
        for (label, socket) in LABELS.iter().zip(&sockets) {
            // a lost event ends it with a failure
            let mut app = programs.bootstrap().args(["--strict"]);
            if *label != LABELS[0] {
                let address = format!("unix:{}", socket.display());
                app = app.args(["--metrics".to_owned(), address]);
            }
            let null = File::create("/dev/null").context("failed to open /dev/null")?;
            let mut tracer = Tracer::start_into(&mut app.command(), null)?;
            tracer.sleeps()?;
            let before = cpu_time(tracer.id())?;
            tracers.push((tracer, before));
        }
        took.push(stormed(&storm, &sockets[2])?.as_secs_f64());
        for ((tracer, before), times) in tracers.into_iter().zip(&mut times) {
            settle(tracer.id())?;
            let spent = cpu_time(tracer.id())? - before;
            times.push(spent.as_secs_f64() * 1e6 / (2 * PROCESSES) as f64);
            tracer.stop()?;
        }
    }

    let medians = times.iter().map(|times| median(times));
    let medians = medians.collect::<Result<Vec<_>>>()?;
    let mut table = Table::new(["bootstrap", "CPU an event", "to none"]);
    for (label, time) in LABELS.iter().zip(&medians) {
        let time = *time;
        table.row([
            (*label).to_owned(),
            format!("{time:.2} us"),
            ratio(time, medians[0]),
        ]);
    }
    table.print()?;
    out::note(format_args!(
        "{:.0} execs a second, no event lost",
        PROCESSES as f64 / median(&took)?
    ));
    goals(&[Goal {
        what: "CPU of an event, scraped each second, to none",
        measured: medians[2] / medians[0],
        at_most: AT_MOST,
        unit: "",
    }])
    .print()
}

/// The time of a storm, in which the metrics at `socket` are read each second.
fn stormed(storm: &Storm, socket: &Path) -> Result<Duration> {
    let (over, is_over) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let scraper = scope.spawn(move || {
            let mut scrapes = 0;
            while is_over.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                scrape(socket)?;
                scrapes += 1;
            }
            ensure!(scrapes > 0, "the storm was over before the first scrape");
            Ok(())
        });
        let took = storm.run(PROCESSES);
        drop(over);
        scraper.join().expect("a scraper does not panic")?;
        took
    })
}

fn scrape(socket: &Path) -> Result<()> {
    let mut stream = UnixStream::connect(socket).context("failed to connect to bootstrap")?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let has_events = answer.contains("\nbpfapps_events_total{");
    ensure!(has_events, "no metrics of events: {answer}");
    Ok(())
}
