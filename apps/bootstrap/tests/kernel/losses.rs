//! Nothing is lost without a word.

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, fixture};
use nix::sys::signal::Signal;

use crate::row::{Row, start};

pub(crate) fn full_ring_is_counted() -> Result<()> {
    // More exits than the ring takes, while nobody reads them.
    const FORKS: usize = 2_000;
    let bootstrap = start(&["--ring-size", "256K"])?;
    bootstrap.signal(Signal::SIGSTOP)?;
    Process::run(fixture("fork_many")?.arg(FORKS.to_string()))?.expect_code(0)?;
    bootstrap.signal(Signal::SIGCONT)?;
    bootstrap.signal(Signal::SIGINT)?;
    let exit = bootstrap.wait()?.expect_code(0)?;

    let line = exit
        .stderr
        .iter()
        .find(|line| line.contains("lost"))
        .context("no loss is told")?;
    let words: Vec<_> = line.split_whitespace().collect();
    let [_, _, "lost", lost, "events:", ..] = words[..] else {
        anyhow::bail!("unexpected words: {line}")
    };
    let lost: usize = lost.parse()?;
    let count_of_cpu = |part: &str| -> Option<usize> {
        part.split_once(": ")?
            .1
            .trim_end_matches([',', ')', ' '])
            .parse()
            .ok()
    };
    let per_cpu: usize = line.split("cpu ").filter_map(count_of_cpu).sum();
    ensure!(lost == per_cpu, "{line}");

    // produced = reported + lost, but for what else this machine started meanwhile
    let reported = exit.stdout.iter().filter_map(|line| Row::of(line)).count();
    let extra = (reported + lost)
        .checked_sub(FORKS)
        .context("events are missing")?;
    ensure!(
        lost > 0 && extra < FORKS / 2,
        "{reported} reported, {lost} lost, {FORKS} forks"
    );
    Ok(())
}

pub(crate) fn strict_makes_a_loss_a_failure() -> Result<()> {
    for (ring_size, code) in [("4096", 3), ("8M", 0)] {
        let bootstrap = start(&["--strict", "--ring-size", ring_size])?;
        bootstrap.signal(Signal::SIGSTOP)?;
        Process::run(fixture("fork_many")?.arg("100"))?.expect_code(0)?;
        bootstrap.signal(Signal::SIGCONT)?;
        bootstrap.signal(Signal::SIGINT)?;
        let exit = bootstrap.wait()?.expect_code(code)?;
        match code {
            0 => ensure!(exit.stderr.is_empty(), "{exit:#?}"),
            _ => {
                _ = exit
                    .expect_stderr("error: lost ")?
                    .expect_stderr("the ring buffer was full")?
            }
        }
    }
    Ok(())
}
