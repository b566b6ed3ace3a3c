//! A storm of execs and exits: one small program, started again and again.

use std::fs;
use std::path::PathBuf;
use std::process::{self, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::c::C;

pub(crate) struct Storm {
    program: PathBuf,
    pub(crate) folder: PathBuf,
    /// The name of the started program in the column COMM, unique to this storm.
    pub(crate) victim: String,
}

impl Storm {
    pub(crate) fn build(c: &C) -> Result<Self> {
        // the kernel truncates it to 15 bytes
        let victim = format!("storm-{}", process::id());
        c.program("storm.c", &victim, None)?;
        Ok(Self {
            program: c.program("storm.c", "storm", None)?,
            folder: c.folder.clone(),
            victim,
        })
    }

    /// The victim as it is started in `folder`.
    pub(crate) fn path(&self) -> String {
        format!("./{}", self.victim)
    }

    /// Starts this many processes and returns the time that took.
    pub(crate) fn run(&self, processes: u64) -> Result<Duration> {
        let start = Instant::now();
        let status = Command::new(&self.program)
            .args([processes.to_string(), self.path()])
            .current_dir(&self.folder)
            .status()
            .context("failed to run the storm")?;
        if !status.success() {
            bail!("the storm failed ({status})");
        }
        Ok(start.elapsed())
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.folder.join(&self.victim));
    }
}
