//! A tracer as a process: started, ready, ended.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::libc::EIO;
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process;

/// One run of a tracer. It is ended whatever happens.
pub(crate) struct Tracer {
    child: Child,
    /// `None` if it writes to a file.
    stdout: Option<BufReader<File>>,
    name: String,
    title: &'static str,
}

impl Tracer {
    /// Starts it with a pipe for its rows and waits for one that starts with `title`. It shares our
    /// stderr, unless `command` redirects it.
    pub(crate) fn start(command: &mut Command, title: &'static str) -> Result<Self> {
        let mut tracer = Self::spawn(command.stdout(Stdio::piped()), title)?;
        let stdout = tracer.child.stdout.take();
        let stdout = OwnedFd::from(stdout.context("a tracer without stdout")?);
        tracer.stdout = Some(BufReader::new(stdout.into()));
        Ok(tracer)
    }

    /// The same with a terminal, on which every program shows each line at once.
    pub(crate) fn start_on_terminal(command: &mut Command, title: &'static str) -> Result<Self> {
        let terminal = openpty(None, None).context("failed to open a terminal")?;
        let mut tracer = Self::spawn(command.stdout(terminal.slave), title)?;
        // which holds the other end: without it the terminal would never close
        command.stdout(Stdio::null());
        tracer.stdout = Some(BufReader::new(terminal.master.into()));
        Ok(tracer)
    }

    /// The same with a file.
    pub(crate) fn start_into(command: &mut Command, file: File) -> Result<Self> {
        Self::spawn(command.stdout(file), "")
    }

    fn spawn(command: &mut Command, title: &'static str) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.with_context(|| format!("failed to run {name}"))?;
        Ok(Self {
            child,
            stdout: None,
            name,
            title,
        })
    }

    /// Waits for the title line: from then on nothing is missed.
    pub(crate) fn ready(&mut self) -> Result<()> {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().context("a tracer without stdout")?;
        stdout
            .read_line(&mut line)
            .or_else(closed_terminal)
            .with_context(|| format!("failed to read from {}", self.name))?;
        if line.is_empty() {
            let status = self.child.wait().context("failed to wait for a tracer")?;
            bail!("{} was never ready ({status})", self.name);
        }
        if !line.starts_with(self.title) {
            bail!(
                "{} began with another line than its title: {line:?}",
                self.name
            );
        }
        Ok(())
    }

    /// Waits until it sleeps with its ring buffers in an epoll, as each tracer on libbpf or bcc
    /// does: one that writes to a file may keep its title line to itself.
    pub(crate) fn sleeps(&mut self) -> Result<()> {
        loop {
            if let Some(status) = self.child.try_wait().context("failed to wait")? {
                bail!("{} was never ready ({status})", self.name);
            }
            let files = process::files(self.id())?;
            if files.iter().any(|file| file.contains("\ntfd:")) {
                return process::settle(self.id());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Interrupts it and waits; it must end well.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.interrupt()?;
        self.read_on()
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

    /// Rows up to the end, so that it never waits for a reader.
    fn read_on(&mut self) -> io::Result<u64> {
        match &mut self.stdout {
            Some(stdout) => io::copy(stdout, &mut io::sink()).or_else(closed_terminal),
            None => Ok(0),
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // once it was waited for, its pid may be another's
        if matches!(self.child.try_wait(), Ok(None)) && self.interrupt().is_ok() {
            let _ = self.read_on();
            let _ = self.child.wait();
        }
    }
}

/// A closed terminal returns an error instead of the end of file.
fn closed_terminal<N: From<u8>>(err: io::Error) -> io::Result<N> {
    match err.raw_os_error() {
        Some(EIO) => Ok(0.into()),
        _ => Err(err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACER: &str = "trap 'exit 0' INT; echo TIME EVENT; while :; do sleep 0.01; done";

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn ready_at_its_title_and_stopped_by_a_signal() -> Result<()> {
        for start in [Tracer::start, Tracer::start_on_terminal] {
            let mut tracer = start(&mut shell(TRACER), "TIME ")?;
            tracer.ready()?;
            tracer.stop()?;
        }
        Ok(())
    }

    #[test]
    fn neither_a_failure_nor_another_line_is_ready() -> Result<()> {
        for start in [Tracer::start, Tracer::start_on_terminal] {
            let ended = start(&mut shell("exit 3"), "TIME ")?.ready();
            let ended = ended.map_err(|error| error.to_string());
            assert_eq!(ended, Err("sh was never ready (exit status: 3)".to_owned()));
            assert!(
                start(&mut shell("echo Usage: x"), "TIME ")?
                    .ready()
                    .is_err()
            );
        }
        Ok(())
    }

    #[test]
    fn what_ends_does_not_sleep() -> Result<()> {
        let null = File::create("/dev/null")?;
        let ended = Tracer::start_into(&mut shell("exit 3"), null)?.sleeps();
        assert!(ended.is_err());
        Ok(())
    }
}
