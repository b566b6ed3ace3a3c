//! It ends by itself.

use std::time::Instant;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, cli, test};

use crate::row::{Row, ready, start};
use crate::storm::storm;

pub(crate) const TESTS: &[Test] = &[
    test!(ends_after_so_many_events),
    test!(ends_after_so_much_time),
];

fn ends_after_so_many_events() -> Result<()> {
    // the last one is more than a batch of the reader
    for (count, forks) in [(1_usize, 50), (5, 50), (5000, 5500)] {
        let procs = start(&["-n", &count.to_string()])?;
        Process::run(&mut storm(forks)?)?.expect_code(0)?;
        let exit = procs.wait()?.expect_code(0)?;
        let rows = exit.stdout.iter().filter_map(|line| Row::of(line)).count();
        ensure!(
            rows == count && exit.stderr.is_empty(),
            "{rows} rows of {count}"
        );
    }
    Ok(())
}

fn ends_after_so_much_time() -> Result<()> {
    // busy or idle, it is not to end late
    for forks in [0, 100_000] {
        let procs = ready(&mut cli(["procs", "--timeout", "0.5"]))?;
        let began = Instant::now();
        let storm = Process::start(&mut storm(forks)?)?;
        procs.wait()?.expect_code(0)?;
        let took = began.elapsed().as_millis();
        ensure!(
            (400..1000).contains(&took),
            "{forks} forks: it took {took} ms"
        );
        drop(storm);
    }
    Ok(())
}
