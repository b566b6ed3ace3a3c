//! Many processes that begin and end at once.

use std::process::Command;

use anyhow::Result;
use bpfapps_testkit::{Exit, fixture};

use crate::row::Row;

/// The name of the processes in a storm.
pub(crate) const STORM: &str = "bpfapps-storm";

/// The command that forks this many children of that name, and has one more exit itself.
pub(crate) fn storm(count: usize) -> Result<Command> {
    let mut command = fixture("fork_many")?;
    command.args([STORM, &count.to_string()]);
    Ok(command)
}

/// All rows of a run.
pub(crate) fn rows(exit: &Exit) -> Vec<Row> {
    exit.stdout
        .iter()
        .filter_map(|line| Row::of(line))
        .collect()
}
