use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{Exit, Terminal};

/// The user and the group whom nothing belongs to.
const NOBODY: u32 = 65534;

/// Longer than anything takes on a busy or emulated machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same for a program with constant output.
const MOST_PATIENCE: Duration = Duration::from_secs(180);

/// A program that a test started. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Process {
    /// Starts `command` with its output read in the background.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = spawn(command.stdout(Stdio::piped()))?;
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        Self::of(child, stdout)
    }

    /// Starts `command` with its stdout on a terminal.
    ///
    /// # Errors
    ///
    /// It can't be started, or the kernel has no terminal left.
    pub fn start_on(terminal: &Terminal, command: &mut Command) -> Result<Self> {
        let child = spawn(command.stdout(terminal.open()?));
        // While the command has the terminal open, its output does not end.
        command.stdout(Stdio::null());
        Self::of(child?, terminal.reader()?)
    }

    fn of(mut child: Child, stdout: impl Read + Send + 'static) -> Result<Self> {
        let stderr = Lines::of(child.stderr.take().context("stderr is a pipe")?);
        Ok(Self {
            child,
            stdout: Lines::of(stdout),
            stderr,
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The value of a field in the kernel's `/proc/PID/status`.
    ///
    /// # Errors
    ///
    /// The process is gone, or there is no such field.
    pub fn status(&self, field: &str) -> Result<String> {
        let file = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&file).with_context(|| format!("no {file}"))?;
        self::field(&status, field)
    }

    /// Fails unless no thread of the process has a capability left, root's account, or a way to get
    /// either.
    ///
    /// # Errors
    ///
    /// It has some.
    pub fn expect_no_privileges(&self) -> Result<()> {
        self.expect_privileges("0000000000000000", NOBODY)
    }

    /// Fails unless each thread has just these capabilities, as the kernel shows them, and that user
    /// and group.
    ///
    /// # Errors
    ///
    /// It has others.
    pub fn expect_privileges(&self, capabilities: &str, id: u32) -> Result<()> {
        let ids = [id; 4].map(|id| id.to_string()).join("\t");
        let none = "0000000000000000";
        let expected = [
            ("Uid", ids.as_str()),
            ("Gid", &ids),
            ("Groups", ""),
            ("CapInh", none),
            ("CapPrm", capabilities),
            ("CapEff", capabilities),
            ("CapBnd", capabilities),
            ("CapAmb", none),
            ("NoNewPrivs", "1"),
        ];
        let threads = format!("/proc/{}/task", self.pid());
        let mut count = 0;
        for thread in fs::read_dir(&threads).with_context(|| format!("no {threads}"))? {
            let file = thread?.path().join("status");
            // a thread may have ended meanwhile
            let Ok(status) = fs::read_to_string(&file) else {
                continue;
            };
            for (name, value) in expected {
                let found = field(&status, name)?;
                ensure!(found == value, "{name} of {} is {found}", file.display());
            }
            count += 1;
        }
        ensure!(count > 0, "no thread is left in {threads}");
        Ok(())
    }

    /// Waits until it is in a state of /proc/PID/stat: `S` if it waits, `T` if it is stopped.
    ///
    /// # Errors
    ///
    /// It does not get there, or is gone.
    pub fn wait_for_state(&self, state: char) -> Result<()> {
        let file = format!("/proc/{}/stat", self.pid());
        let end = Instant::now() + PATIENCE;
        loop {
            let stat =
                fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
            // after the name, which is in parentheses
            let is_there = stat
                .rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with(state));
            if is_there {
                return Ok(());
            }
            ensure!(
                Instant::now() < end,
                "it does not get into state {state}: {stat}"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the next line on stdout that `wanted` likes, and returns it.
    ///
    /// # Errors
    ///
    /// None came: shows what came instead.
    pub fn line(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        let first = self.stdout.seen.len();
        while let Some(line) = self.stdout.next(end)? {
            if wanted(line) {
                return Ok(line.to_owned());
            }
        }
        // stdout has ended, and most likely it is going to say why
        while let Ok(Some(_)) = self.stderr.next(end) {}
        bail!(
            "the line did not come; stdout: {:#?}, stderr: {:#?}",
            &self.stdout.seen[first..],
            self.stderr.seen
        )
    }

    /// Waits for the next line on stderr that contains `text`, and returns it.
    ///
    /// # Errors
    ///
    /// None came: shows what came instead.
    pub fn says(&mut self, text: &str) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        let first = self.stderr.seen.len();
        while let Some(line) = self.stderr.next(end)? {
            if line.contains(text) {
                return Ok(line.to_owned());
            }
        }
        let seen = &self.stderr.seen[first..];
        bail!("`{text}` did not come on stderr: {seen:#?}")
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// The process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(Pid::from_raw(self.pid().try_into()?), signal).context("failed to send a signal")
    }

    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// It does not end: then it is killed.
    pub fn wait(mut self) -> Result<Exit> {
        let last = Instant::now() + MOST_PATIENCE;
        while self
            .stdout
            .next(last.min(Instant::now() + PATIENCE))?
            .is_some()
        {}
        while self
            .stderr
            .next(last.min(Instant::now() + PATIENCE))?
            .is_some()
        {}
        let status: ExitStatus = self.child.wait().context("failed to wait for a process")?;
        Ok(Exit {
            pid: self.pid(),
            code: status.code(),
            signal: status.signal(),
            stdout: std::mem::take(&mut self.stdout.seen),
            stderr: std::mem::take(&mut self.stderr.seen),
        })
    }

    /// Runs `command` to its end.
    ///
    /// # Errors
    ///
    /// Those of [`Process::start`] and [`Process::wait`].
    pub fn run(command: &mut Command) -> Result<Exit> {
        Self::start(command)?.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a field in a file such as /proc/PID/status.
fn field(status: &str, name: &str) -> Result<String> {
    let mut fields = status.lines().filter_map(|line| line.split_once(":\t"));
    let found = fields.find(|(found, _)| *found == name);
    let (_, value) = found.with_context(|| format!("no {name} in {status}"))?;
    Ok(value.trim().to_owned())
}

fn spawn(command: &mut Command) -> Result<Child> {
    let command = command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
        .spawn()
        .with_context(|| format!("failed to run {command:?}"))
}

/// The lines of a pipe, as they come.
#[derive(Debug)]
struct Lines {
    coming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, coming) = channel();
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                if sender
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    break;
                }
            }
        });
        Self {
            coming,
            seen: Vec::new(),
        }
    }

    /// The next line; `None` at the end of the pipe.
    fn next(&mut self, end: Instant) -> Result<Option<&str>> {
        match self
            .coming
            .recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            Ok(line) => {
                self.seen.push(line);
                Ok(self.seen.last().map(String::as_str))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "nothing more came for {} s; so far: {:#?}",
                    PATIENCE.as_secs(),
                    self.seen
                )
            }
        }
    }
}
