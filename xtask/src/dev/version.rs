//! One version of the app, as a process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{Event, Shared, output};
use crate::{path, run};

/// How long a version may take to detach its programs and exit.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait for its last output after it has exited: a command that it ran may hold a
/// stream open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Maximum bytes of output that explain a failed start.
const MOST_WORDS: usize = 64 * 1024;

/// What a version has written to stderr.
struct Said {
    /// At most [`MOST_WORDS`] of it.
    text: Vec<u8>,
    /// Kept back until it is known whether it works: rows of another one would come in between.
    is_kept_back: bool,
}

pub(super) struct Version {
    pub(super) number: u32,
    shared: Arc<Shared>,
    child: Child,
    process: OwnedFd,
    /// Its output on stderr.
    said: Arc<Mutex<Said>>,
    /// Hangs up when all that it has written is handed on.
    handed_on: Receiver<()>,
}

impl Version {
    /// Starts `program` as root, and keeps back its messages if another one runs.
    pub(super) fn start(
        number: u32,
        program: &Path,
        args: &[OsString],
        is_second: bool,
        shared: &Arc<Shared>,
    ) -> Result<Self> {
        let (rows, stdout) = output::in_place_of(&io::stdout())?;
        let (words, stderr) = output::in_place_of(&io::stderr())?;
        let mut command = as_root(program, shared)?;
        command.args(args).stdin(shared.input.of(number)?);
        // a version under work is to leave alone what one that is installed has pinned
        command.env(run::UNPINNED, "1");
        // Ctrl-C is ours alone: it ends them, in order
        command.stdout(stdout).stderr(stderr).process_group(0);
        let child = command.spawn();
        let child = child.with_context(|| format!("failed to run {}", program.display()))?;
        // otherwise the command keeps the writing ends, and the readers never see the end
        drop(command);
        let id = child.id().try_into().ok().and_then(Pid::from_raw);
        let process = pidfd_open(id.context("no process id")?, PidfdFlags::empty())
            .context("failed to open a process")?;

        let (handing, handed_on) = mpsc::channel();
        let (hold, screen) = (handing.clone(), Arc::clone(shared));
        thread::spawn(move || {
            let mut ready = false;
            let write = |rows: &[u8]| {
                screen.screen.rows(number, rows)?;
                if !ready {
                    screen.send(Event::Ready(number));
                }
                ready = true;
                Ok(())
            };
            if output::rows(rows, write).is_err() {
                // the reader of our output is gone
                screen.send(Event::Quit);
            }
            drop(hold);
        });
        let said = Arc::new(Mutex::new(Said {
            text: Vec::new(),
            is_kept_back: is_second,
        }));
        let (heard, screen) = (Arc::clone(&said), Arc::clone(shared));
        thread::spawn(move || {
            output::words(words, |words| {
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if said.text.len() < MOST_WORDS {
                    said.text.extend_from_slice(words);
                }
                if !said.is_kept_back {
                    // without stderr the output is not needed
                    let _ = screen.screen.words(number, words);
                }
            });
            drop(handing);
        });
        let (waited, events) = (process.try_clone()?, Arc::clone(shared));
        thread::spawn(move || {
            if wait(&waited, None) {
                events.send(Event::Gone(number));
            }
        });
        Ok(Self {
            number,
            shared: Arc::clone(shared),
            child,
            process,
            said,
            handed_on,
        })
    }

    /// Shows its messages, those that were kept back first.
    pub(super) fn show(&self) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut said.is_kept_back) {
            let _ = self.shared.screen.words(self.number, &said.text);
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it: the kernel has taken back its programs when this returns.
    pub(super) fn stop(mut self) -> Result<()> {
        for (signal, name) in [(Signal::TERM, "TERM"), (Signal::KILL, "KILL")] {
            self.signal(signal, name)?;
            if wait(&self.process, Some(GRACE)) {
                return self.end().map(drop);
            }
            let seconds = GRACE.as_secs();
            self.shared.screen.note(format_args!(
                "pid {} has not ended {seconds} s after SIG{name}",
                self.id()
            ));
        }
        bail!("pid {} can not be ended", self.id())
    }

    fn signal(&self, signal: Signal, name: &str) -> Result<()> {
        match pidfd_send_signal(&self.process, signal) {
            Ok(()) | Err(Errno::SRCH) => return Ok(()),
            // sudo is root
            Err(Errno::PERM) => {}
            Err(error) => return Err(error).context("failed to send a signal"),
        }
        let id = self.id().to_string();
        let mut kill = as_root(Path::new("kill"), &self.shared)?;
        let ended = kill.args(["-s", name, "--", &id]).stdin(Stdio::null());
        if !ended.status().is_ok_and(|status| status.success()) {
            let failed = format_args!("failed to send SIG{name} to pid {id}");
            self.shared.screen.note(failed);
        }
        Ok(())
    }

    /// Waits for its end and returns its status and output.
    pub(super) fn end(&mut self) -> Result<(ExitStatus, String)> {
        let status = self.child.wait().context("failed to wait for the app")?;
        // nothing is sent: it ends when the threads have, or when the time is over
        let _ = self.handed_on.recv_timeout(LAST_WORDS);
        self.shared.input.end(self.number);
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((status, String::from_utf8_lossy(&said.text).into_owned()))
    }
}

/// A call of `program` as root. A password is asked for now, in sight.
fn as_root(program: &Path, shared: &Shared) -> Result<Command> {
    if let Some([sudo, flags @ ..]) = path::root_prefix() {
        let mut validate = Command::new(sudo);
        validate.args(flags).arg("--validate");
        let validated = shared.input.without(|| validate.status());
        if !validated.context("failed to run sudo")?.success() {
            bail!("sudo refused");
        }
    }
    run::as_root(program)
}

/// Returns true if a process ends within the time.
fn wait(process: &OwnedFd, time: Option<Duration>) -> bool {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    loop {
        let mut files = [PollFd::new(process, PollFlags::IN)];
        match poll(&mut files, time.as_ref()) {
            Err(Errno::INTR) => {}
            ended => return ended.is_ok_and(|count| count > 0),
        }
    }
}
