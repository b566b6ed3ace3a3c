//! A tracer as a process: started, ready, ended.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What the title line of bootstrap's table begins with.
const TITLE: &str = "TIME ";

/// One run of a tracer. It is ended whatever happens.
pub(super) struct Tracer {
    child: Child,
    stdout: BufReader<ChildStdout>,
    name: String,
}

impl Tracer {
    /// Starts it; its stderr is ours.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to run {}", command.get_program().display()))?;
        let stdout = child.stdout.take().context("a tracer without stdout")?;
        Ok(Self {
            child,
            stdout: BufReader::new(stdout),
            name: command.get_program().display().to_string(),
        })
    }

    /// Waits for the title line: from then on nothing is missed.
    pub(super) fn ready(&mut self) -> Result<()> {
        let mut line = String::new();
        self.stdout
            .read_line(&mut line)
            .with_context(|| format!("failed to read from {}", self.name))?;
        if line.is_empty() {
            let status = self.child.wait().context("failed to wait for a tracer")?;
            bail!("{} was never ready ({status})", self.name);
        }
        if !line.starts_with(TITLE) {
            bail!(
                "{} began with another line than its title: {line:?}",
                self.name
            );
        }
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Interrupts it and waits for its end, which has to be a good one.
    pub(super) fn stop(mut self) -> Result<()> {
        self.interrupt()?;
        // rows up to the end, so that it never waits for a reader
        io::copy(&mut self.stdout, &mut io::sink())
            .with_context(|| format!("failed to read from {}", self.name))?;
        let status = self.child.wait().context("failed to wait for a tracer")?;
        if !status.success() {
            bail!("{} failed when interrupted ({status})", self.name);
        }
        Ok(())
    }

    fn interrupt(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).context("no such pid")?;
        kill(Pid::from_raw(pid), Signal::SIGINT)
            .with_context(|| format!("failed to interrupt {}", self.name))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // once it was waited for, its pid may be another's
        if matches!(self.child.try_wait(), Ok(None)) && self.interrupt().is_ok() {
            let _ = io::copy(&mut self.stdout, &mut io::sink());
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Tracer> {
        Tracer::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn ready_at_its_title_and_stopped_by_a_signal() -> Result<()> {
        let mut tracer = shell("trap 'exit 0' INT; echo TIME EVENT; while :; do sleep 0.01; done")?;
        tracer.ready()?;
        tracer.stop()
    }

    #[test]
    fn neither_a_failure_nor_another_line_is_ready() -> Result<()> {
        let ended = shell("exit 3")?.ready().map_err(|error| error.to_string());
        assert_eq!(ended, Err("sh was never ready (exit status: 3)".to_owned()));
        assert!(shell("echo Usage: x")?.ready().is_err());
        Ok(())
    }
}
