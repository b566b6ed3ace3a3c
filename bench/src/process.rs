//! What the kernel reports about a running process.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::time::ClockId;
use nix::unistd::Pid;

/// One that does less than this in `QUIET` has nothing left to do.
const NOTHING: Duration = Duration::from_millis(1);
const QUIET: Duration = Duration::from_millis(100);

/// A tracer that has not caught up by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn read(id: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))
}

/// True if it waits for events.
pub(crate) fn is_asleep(id: u32) -> Result<bool> {
    let status = read(id, "status")?;
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    Ok(state.is_some_and(|state| state.trim_start().starts_with('S')))
}

/// User and system time of all its threads.
pub(crate) fn cpu_time(id: u32) -> Result<Duration> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(id.cast_signed()));
    let time = clock.and_then(ClockId::now);
    Ok(time.context("failed to read a CPU clock")?.into())
}

/// Context switches of its threads, voluntary and forced.
pub(crate) fn context_switches(id: u32) -> Result<u64> {
    let mut sum = 0;
    for status in each(id, "task", "/status")? {
        sum += switches(&status).context("a thread without context switches")?;
    }
    Ok(sum)
}

fn switches(status: &str) -> Option<u64> {
    let names = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"];
    names.iter().map(|name| number(status, name)).sum()
}

/// The kernel's information about each of its open files.
pub(crate) fn files(id: u32) -> Result<Vec<String>> {
    each(id, "fdinfo", "")
}

/// Reads a file of each thread, or each open file. One that has gone in between has nothing to say.
fn each(id: u32, folder: &str, file: &str) -> Result<Vec<String>> {
    let path = format!("/proc/{id}/{folder}");
    let entries = fs::read_dir(&path).with_context(|| format!("failed to list {path}"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names
        .filter_map(|name| fs::read_to_string(format!("{path}/{name}{file}")).ok())
        .collect())
}

/// The value of a line such as `map_id: 42`.
pub(crate) fn number(text: &str, name: &str) -> Option<u64> {
    let named = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
    text.lines().find_map(named)?.trim().parse().ok()
}

/// Waits until it has nothing left to do.
pub(crate) fn settle(id: u32) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut before = cpu_time(id)?;
    while Instant::now() < deadline {
        thread::sleep(QUIET);
        let now = cpu_time(id)?;
        if now - before < NOTHING && is_asleep(id)? {
            return Ok(());
        }
        before = now;
    }
    bail!("process {id} was still busy after {} s", PATIENCE.as_secs())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn switches_of_both_kinds_add_up() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(switches(status), Some(42));
        assert_eq!(switches("voluntary_ctxt_switches:\t40\n"), None);
    }

    #[test]
    fn numbers_by_their_whole_name() {
        assert_eq!(
            number("map_id_x:\t1\nmap_type:\t27\nmap_id:\t42\n", "map_id"),
            Some(42)
        );
        assert_eq!(number("prog_type:\ttracing\n", "prog_type"), None);
    }

    #[test]
    fn who_sleeps_settles_and_uses_no_cpu() -> Result<()> {
        let mut child = Command::new("sleep").arg("60").spawn()?;
        let settled = settle(child.id()).and_then(|()| {
            let before = (cpu_time(child.id())?, context_switches(child.id())?);
            thread::sleep(QUIET);
            Ok((
                before,
                (cpu_time(child.id())?, context_switches(child.id())?),
            ))
        });
        child.kill()?;
        child.wait()?;
        let (before, after) = settled?;
        assert_eq!(before, after);
        assert!(before.0 > Duration::ZERO && before.1 > 0, "{before:?}");
        Ok(())
    }
}
