//! Time to read a record of bootstrap and to format its row.
//!
//! The binary that ships reads a ring buffer that a BPF program fills with copies of two records of
//! its own, half execs, half exits; its rows go to /dev/null.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use bpfapps_task::out;
use bpfapps_xtask::dist;

use super::idle::FOREVER;
use crate::figures::{Goal, Table, goals, median, ratio, smallest};
use crate::process::{files, number};
use crate::programs::{Program, Programs};
use crate::tracer::Tracer;
use crate::workload::Storm;

/// Turns of each reader, and how often the ring buffer is filled in one.
const TURNS: usize = 15;
const FILLS: &str = "20";

/// In nanoseconds: 90 bytes of a row, and 250 of JSON.
const TABLE_AT_MOST: f64 = 150.0;
const JSON_AT_MOST: f64 = 300.0;

/// The kernel's number for BPF_MAP_TYPE_RINGBUF.
const RING_BUFFER: u64 = 27;

pub(crate) fn measure(programs: &Programs) -> Result<()> {
    let empty = dist::build_binary("bpfapps-bootstrap", "bootstrap-drain")?;
    let object = programs.c.bpf_object("drain.bpf.c")?;
    let drain = programs.c.program("drain.c", "drain", Some(&object))?;
    let storm = Storm::build(&programs.c)?;
    out::note(format_args!("filling a ring buffer for each of three …"));

    // of what happens on the machine, nothing gets in between
    let rows = |label, format| {
        let args = ["--duration", FOREVER, "--output", format];
        programs.bootstrap().labelled(label).args(args)
    };
    let readers = [
        Program::new("empty callback", empty, ""),
        rows("table", "table"),
        rows("JSON", "json"),
    ];
    let source = start(&programs.bootstrap())?;
    let started = readers.iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::with_capacity(TURNS); readers.len()];
    for _ in 0..TURNS {
        for (reader, times) in started.iter().zip(&mut times) {
            times.push(turn(&drain, &storm, &source, reader)?);
        }
    }

    let medians = times.iter().map(|times| median(times));
    let medians = medians.collect::<Result<Vec<_>>>()?;
    let mut table = Table::new(["a record", "median", "fastest", "to empty"]);
    for ((reader, times), time) in readers.iter().zip(&times).zip(&medians) {
        table.row([
            reader.label.to_owned(),
            format!("{time:.1} ns"),
            format!("{:.1} ns", smallest(times)?),
            ratio(*time, medians[0]),
        ]);
    }
    table.print()?;
    let goal = |what, reader: usize, at_most| Goal {
        what,
        measured: medians[reader],
        at_most,
        unit: " ns",
    };
    goals(&[
        goal("a row of the table", 1, TABLE_AT_MOST),
        goal("a line of JSON", 2, JSON_AT_MOST),
    ])
    .print()
}

/// One that reads a ring buffer.
struct Reader {
    tracer: Tracer,
    ring: u64,
}

fn start(program: &Program) -> Result<Reader> {
    let rows = File::create("/dev/null").context("failed to open /dev/null")?;
    let mut tracer = Tracer::start_into(&mut program.command(), rows)?;
    tracer.sleeps()?;
    let ring = ring(&files(tracer.id())?);
    let ring = ring.with_context(|| format!("{} has no ring buffer", program.label))?;
    Ok(Reader { tracer, ring })
}

/// The id of the ring buffer among these files.
fn ring(files: &[String]) -> Option<u64> {
    let mut files = files.iter();
    files.find_map(|file| match number(file, "map_type") {
        Some(RING_BUFFER) => number(file, "map_id"),
        _ => None,
    })
}

/// Nanoseconds a record.
fn turn(drain: &Path, storm: &Storm, source: &Reader, reader: &Reader) -> Result<f64> {
    let ended = Command::new(drain)
        .args([source.ring.to_string(), reader.ring.to_string()])
        .args([&reader.tracer.id().to_string(), &storm.path(), FILLS])
        .current_dir(&storm.folder)
        .output()
        .context("failed to run drain")?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        bail!("drain failed ({}): {}", ended.status, said.trim_end());
    }
    per_record(&String::from_utf8_lossy(&ended.stdout)).context("drain said something strange")
}

/// From `records nanoseconds`.
fn per_record(line: &str) -> Option<f64> {
    let (records, ns) = line.trim_end().split_once(' ')?;
    let (records, ns): (f64, f64) = (records.parse().ok()?, ns.parse().ok()?);
    (records > 0.0).then_some(ns / records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_buffer_among_other_files() {
        let files = [
            "pos:\t0\nflags:\t02\n",
            "map_type:\t2\nmap_id:\t40\n",
            "map_type:\t27\nkey_size:\t0\nmap_id:\t42\n",
        ]
        .map(str::to_owned);
        assert_eq!(ring(&files), Some(42));
        assert_eq!(ring(&files[..2]), None);
    }

    #[test]
    fn time_of_one_record() {
        assert_eq!(per_record("4 90\n"), Some(22.5));
        assert_eq!(per_record("0 90\n"), None);
        assert_eq!(per_record("many\n"), None);
    }
}
