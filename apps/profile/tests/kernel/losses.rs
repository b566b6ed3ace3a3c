//! Samples that no map had room for are counted.

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Exit, Process, Test, cli, fixture, many, test};
use nix::sys::signal::Signal;

use crate::fixtures::{count, wait_for_cpu, wait_until_it_samples};

pub(crate) const TESTS: &[Test] = &[
    test!(different_stacks_without_number_are_no_loss),
    test!(full_map_is_a_loss),
];

/// Samples a program with another name in each sample; if `stopped`, without anybody who empties
/// the maps for that many seconds.
fn run(args: &[&str], stopped: Option<f64>) -> Result<Exit> {
    let rename = Process::start(&mut fixture("rename")?)?;
    let pid = rename.pid().to_string();
    let mut command = cli(["profile", "--hz", "4000", "--pid", &pid]);
    let profile = Process::start(command.args(args))?;
    wait_until_it_samples(&profile)?;
    let used = match stopped {
        Some(seconds) => {
            wait_for_cpu(&rename, 0.5)?;
            profile.signal(Signal::SIGSTOP)?;
            wait_for_cpu(&rename, seconds)?;
            profile.signal(Signal::SIGCONT)?;
            seconds
        }
        None => 2.0,
    };
    wait_for_cpu(&rename, used + 0.5)?;
    rename.signal(Signal::SIGKILL)?;
    profile.wait()
}

fn different_stacks_without_number_are_no_loss() -> Result<()> {
    let exit = run(&["--strict"], None)?.expect_code(0)?;
    ensure!(
        exit.stdout.len() > many(100),
        "{} stacks",
        exit.stdout.len()
    );
    Ok(())
}

fn full_map_is_a_loss() -> Result<()> {
    let exit = run(&["--strict"], Some(6.0))?.expect_code(3)?;
    let line = exit
        .stderr
        .iter()
        .find(|line| line.contains("a map was full"));
    let line = line.with_context(|| format!("no loss: {:#?}", exit.stderr))?;
    let lost = line
        .split("lost ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let lost: u64 = lost.context("no number")?.parse()?;
    // what is there is written
    let (_, samples) = count(&exit.stdout, "")?;
    ensure!(
        lost > many(1000) as u64 && samples > 4000,
        "{lost} lost, {samples} there"
    );
    Ok(())
}
