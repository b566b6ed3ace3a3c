//! One version of the app, as a process.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{Event, output};
use crate::{out, path, run};

/// How long a version may take to detach its programs and exit.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait for its last output after it has exited: a command that it ran may hold a
/// stream open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Maximum bytes of output that explain a failed start.
const MOST_WORDS: usize = 64 * 1024;

pub(super) struct Version {
    pub(super) number: u32,
    child: Child,
    process: OwnedFd,
    /// Its output on stderr.
    said: Arc<Mutex<Vec<u8>>>,
    /// Hangs up when all that it has written is handed on.
    handed_on: Receiver<()>,
}

impl Version {
    /// Starts `program` as root.
    pub(super) fn start(
        number: u32,
        program: &Path,
        args: &[OsString],
        events: &Sender<Event>,
    ) -> Result<Self> {
        let (rows, stdout) = output::in_place_of(&io::stdout())?;
        let (words, stderr) = output::in_place_of(&io::stderr())?;
        let mut command = as_root(program)?;
        command.args(args).stdin(Stdio::null());
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
        let (hold, sender) = (handing.clone(), events.clone());
        thread::spawn(move || {
            let mut ready = false;
            let written = || {
                if !ready {
                    let _ = sender.send(Event::Ready(number));
                }
                ready = true;
            };
            if output::rows(rows, written).is_err() {
                // the reader of our output is gone
                let _ = sender.send(Event::Quit);
            }
            drop(hold);
        });
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        thread::spawn(move || {
            let hear = |piece: &[u8]| {
                if let Ok(mut said) = heard.lock()
                    && said.len() < MOST_WORDS
                {
                    said.extend_from_slice(piece);
                }
            };
            // without stderr the output is not needed
            let _ = output::words(words, hear);
            drop(handing);
        });
        let (waited, sender) = (process.try_clone()?, events.clone());
        thread::spawn(move || {
            if wait(&waited, None) {
                let _ = sender.send(Event::Gone(number));
            }
        });
        Ok(Self {
            number,
            child,
            process,
            said,
            handed_on,
        })
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
            out::note(format_args!(
                "dev: pid {} has not ended {seconds} s after SIG{name}",
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
        let mut kill = as_root(Path::new("kill"))?;
        let ended = kill.args(["-s", name, "--", &id]).stdin(Stdio::null());
        if !ended.status().is_ok_and(|status| status.success()) {
            out::note(format_args!("dev: failed to send SIG{name} to pid {id}"));
        }
        Ok(())
    }

    /// Waits for its end and returns its status and output.
    pub(super) fn end(&mut self) -> Result<(ExitStatus, String)> {
        let status = self.child.wait().context("failed to wait for the app")?;
        // nothing is sent: it ends when the threads have, or when the time is over
        let _ = self.handed_on.recv_timeout(LAST_WORDS);
        let said = self.said.lock().map(|said| said.clone());
        let said = said.unwrap_or_default();
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }
}

/// A call of `program` as root. A password is asked for now, in sight.
fn as_root(program: &Path) -> Result<Command> {
    if let Some([sudo, flags @ ..]) = path::root_prefix() {
        let validated = Command::new(sudo).args(flags).arg("--validate").status();
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
