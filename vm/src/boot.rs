//! The tests on machines, as many side by side as there are processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};
use bpfapps_task::out;
use bpfapps_task::progress::Step;
use indicatif::MultiProgress;

use crate::machine::{End, Machine};
use crate::report::Report;
use crate::results::{Outcome, Results};

/// Runs the tests on each machine.
pub(crate) fn test(machines: &[Machine]) -> Result<Report> {
    // what QEMU translates runs in one thread
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let bars = MultiProgress::new();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers.min(machines.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(machine) = machines.get(index) else {
                        break;
                    };
                    let results = test_on(machine, &bars);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, results));
                    }
                }
            });
        }
    });
    let mut done = done
        .into_inner()
        .map_err(|_| anyhow!("a worker panicked"))?;
    done.sort_by_key(|(index, _)| *index);
    let results = done.into_iter().map(|(_, results)| results);
    Ok(Report(results.collect::<Result<_>>()?))
}

/// A machine that breaks before a test has begun is booted once more; else its end is a failure.
fn test_on(machine: &Machine, bars: &MultiProgress) -> Result<Results> {
    let label = format!("testing on Linux {}", machine.name());
    let mut boots = 0;
    loop {
        boots += 1;
        let step = Step::start(&label);
        let spinner = bars.add(step.spinner());
        let start = Instant::now();
        let mut results = Results::of(machine.name());
        let end = machine.run("tests", machine.patience(), |line| {
            let done = results.read(line);
            spinner.set_message(results.running().to_owned());
            Ok(done)
        })?;
        spinner.finish_and_clear();
        results.took(start.elapsed());
        match end {
            End::Done => {}
            End::Broke(why) if boots == 1 && !results.began() => {
                bars.suspend(|| {
                    step.close("broke");
                    out::note(format_args!("{why}\nbooting it once more"));
                });
                continue;
            }
            End::Broke(why) => results.broke(&why),
        }
        let count = |outcome| results.count(outcome);
        let counts = format!(
            "{} passed, {} failed, {} skipped",
            count(Outcome::Passed),
            count(Outcome::Failed),
            count(Outcome::Skipped)
        );
        bars.suspend(|| step.close(counts));
        return Ok(results);
    }
}
