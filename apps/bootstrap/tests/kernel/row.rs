//! The table, read back: bootstrap and procs have the same.

use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_testkit::{Process, cli};

use crate::APP;

/// The title line: from then on nothing is missed.
const TITLE: &str = "TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE";

/// A row of the table.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) event: String,
    pub(crate) comm: String,
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    pub(crate) rest: String,
}

impl Row {
    /// `None` for the title and for other lines.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let time = line.get(..8)?;
        let is_time = time.chars().enumerate().all(|(i, c)| match i {
            2 | 5 => c == ':',
            _ => c.is_ascii_digit(),
        });
        let event = is_time.then(|| line.get(9..14))??.trim_end().to_owned();
        // an escaped name may be wider than its column, so the numbers are searched after it
        let rest = line.get(15..)?;
        let numbers = rest.match_indices(' ').find_map(|(end, _)| {
            let (pid, after) = rest[end..].trim_start().split_once(' ')?;
            let (ppid, after) = after.trim_start().split_once(' ')?;
            let numbers = (pid.parse().ok()?, ppid.parse().ok()?);
            Some((end, numbers, after.trim_start()))
        });
        let (end, (pid, ppid), after) = numbers?;
        Some(Self {
            event,
            comm: rest[..end].to_owned(),
            pid,
            ppid,
            rest: after.to_owned(),
        })
    }
}

/// `bpfapps <app> <args>`, ready.
pub(crate) fn start(args: &[&str]) -> Result<Process> {
    ready(&mut cli([&[APP], args].concat()))
}

/// Starts a tracer and waits for its title line.
pub(crate) fn ready(command: &mut Command) -> Result<Process> {
    let mut process = Process::start(command)?;
    process
        .line(|line| line == TITLE)
        .with_context(|| format!("{APP} did not get ready"))?;
    Ok(process)
}

/// Waits for a row that `wanted` likes.
pub(crate) fn row(process: &mut Process, wanted: impl Fn(&Row) -> bool) -> Result<Row> {
    let line = process.line(|line| Row::of(line).is_some_and(|row| wanted(&row)))?;
    Row::of(&line).context("the line is a row")
}

/// The rows of one process among some lines.
pub(crate) fn rows_of(pid: u32, lines: &[String]) -> Vec<Row> {
    lines
        .iter()
        .filter_map(|line| Row::of(line))
        .filter(|row| row.pid == pid)
        .collect()
}
