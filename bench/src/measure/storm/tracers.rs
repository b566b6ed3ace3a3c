//! The tracers in the storm.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::programs::{Program, Programs};

/// A tracer, and how many events it reports of one process.
pub(super) struct Rival {
    pub(super) program: Program,
    pub(super) events: u64,
}

/// The numbers of two of them.
pub(super) const BOOTSTRAP: usize = 0;
pub(super) const EXECSNOOP: usize = 1;

pub(super) fn all(programs: &Programs) -> Result<[Rival; 4]> {
    let script = programs.c.source("storm.bt");
    let script = script.to_str().context("a folder with a strange name")?;
    let rival = |program, events| Rival { program, events };
    Ok([
        rival(programs.bootstrap(), 2),
        rival(Program::new("execsnoop", "execsnoop", "PCOMM "), 1),
        rival(Program::new("exitsnoop", "exitsnoop", "PCOMM "), 1),
        rival(
            Program::new("bpftrace", "bpftrace", "EVENT ").args(["-q", script]),
            2,
        ),
    ])
}

/// The command line of a tracer. Its stderr goes to a file, because bpftrace also complains if
/// nothing is wrong.
pub(super) fn command(programs: &Programs, program: &Program) -> Result<Command> {
    let mut command = program.command();
    command.stderr(create(complaints(programs, program))?);
    Ok(command)
}

/// The file for its stderr.
pub(super) fn complaints(programs: &Programs, program: &Program) -> PathBuf {
    programs.c.folder.join(format!("{}.err", program.label))
}

pub(super) fn create(path: PathBuf) -> Result<File> {
    File::create(&path).with_context(|| format!("failed to create {}", path.display()))
}
