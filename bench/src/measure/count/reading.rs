//! Time to read what was counted: of syscount, and of the kernel alone.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::run;
use crate::figures::{Table, median, ratio};
use crate::process::{self, files, number};
use crate::programs::{Program, Programs};

/// Keys that are read at once, and how often.
const KEYS: &str = "100000";
const TURNS: usize = 9;

/// The kernel's number for BPF_MAP_TYPE_PERCPU_HASH.
const PERCPU_HASH: u64 = 5;

/// Bytes of a `bpfapps_count`.
const ONE_COUNT: u64 = 16;

/// Prints a table, and returns the milliseconds of syscount.
pub(super) fn measure(programs: &Programs, count: &Path) -> Result<f64> {
    let (size, syscount) = syscount(programs, count)?;
    let same = kernel(count, size)?;
    let one = kernel(count, ONE_COUNT)?;
    let mut table = Table::new(["reading 100,000 keys", "bytes of counts", "median", "to C"]);
    let mut row = |label: &str, size: u64, ms: f64, base: f64| {
        table.row([
            label.to_owned(),
            size.to_string(),
            format!("{ms:.1} ms"),
            ratio(ms, base),
        ]);
    };
    row("syscount", size, syscount, same);
    row("C, the kernel alone", size, same, same);
    row("C, the kernel alone", ONE_COUNT, one, same);
    table.print()?;
    Ok(syscount)
}

/// The bytes that syscount counts in for each key, and the milliseconds of CPU time in which it
/// reads keys that were added to its table.
fn syscount(programs: &Programs, count: &Path) -> Result<(u64, f64)> {
    let app = programs.app("syscount", "SYSCALL ");
    // nothing else is counted meanwhile
    let own = std::process::id().to_string();
    let app: Program = app.args(["--once", "--keys", KEYS, "--pid", &own]);
    let mut tracer = app.start()?;
    tracer.ready()?;
    let files = files(tracer.id())?;
    let mut maps = files.iter();
    let map = maps.find(|file| number(file, "map_type") == Some(PERCPU_HASH));
    let map = map.context("syscount has no table")?;
    let id = number(map, "map_id").context("a map without an id")?;
    let size = number(map, "value_size").context("a map without a size")?;
    let mut times = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        // whether it is at work or not, it is read within two seconds
        let before = process::cpu_time(tracer.id())?;
        run(count, &["fill", &id.to_string(), KEYS])?;
        process::settle(tracer.id())?;
        times.push((process::cpu_time(tracer.id())? - before).as_secs_f64() * 1e3);
    }
    tracer.stop()?;
    Ok((size, median(&times)?))
}

/// Milliseconds of CPU time in which the kernel hands keys over, with counts of `size` bytes.
fn kernel(count: &Path, size: u64) -> Result<f64> {
    let turn = || {
        let mut read = Command::new(count);
        let ended = read.args(["read", KEYS, &size.to_string()]).output();
        let ended = ended.context("failed to run count")?;
        ensure!(ended.status.success(), "count read failed: {ended:?}");
        let ns: f64 = String::from_utf8(ended.stdout)?.trim().parse()?;
        Ok(ns / 1e6)
    };
    median(&(0..TURNS).map(|_| turn()).collect::<Result<Vec<_>>>()?)
}
