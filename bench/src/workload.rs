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
    /// The program that is started, as it stands in the column COMM: no other storm has it.
    pub(crate) victim: String,
}

impl Storm {
    pub(crate) fn build(c: &C) -> Result<Self> {
        // the kernel keeps 15 bytes of it
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

    /// Starts so many processes, and says how long that took.
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
