//! A storm of execs and exits: one small program, started again and again.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::c::C;

/// The program that is started, as it stands in the column COMM.
pub(super) const VICTIM: &str = "storm-victim";

pub(super) struct Storm {
    program: PathBuf,
    folder: PathBuf,
}

impl Storm {
    pub(super) fn build(c: &C) -> Result<Self> {
        c.program("storm.c", VICTIM, None)?;
        Ok(Self {
            program: c.program("storm.c", "storm", None)?,
            folder: c.folder.clone(),
        })
    }

    /// Starts so many processes, and says how long that took.
    pub(super) fn run(&self, processes: u64) -> Result<Duration> {
        let start = Instant::now();
        let status = Command::new(&self.program)
            .args([processes.to_string(), format!("./{VICTIM}")])
            .current_dir(&self.folder)
            .status()
            .context("failed to run the storm")?;
        if !status.success() {
            bail!("the storm failed ({status})");
        }
        Ok(start.elapsed())
    }
}
