use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use bpfapps_host::files;
use nix::poll::PollFlags;
use rustix::termios::tcgetwinsize;

use crate::run::{Signals, wait};

/// Rows are gathered up to this many bytes.
const FULL: usize = 64 * 1024;

/// Bytes that a writable pipe accepts without blocking (PIPE_BUF).
const PIECE: usize = 4096;

/// How long a blocked reader is waited for at the end of the program.
const GRACE: Duration = Duration::from_millis(300);

/// The reader of our output is gone: the program ends without a failure.
#[derive(Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of stdout is gone")
    }
}

impl std::error::Error for Closed {}

/// The reader of our output is blocked and the program is to end: lost events are counted.
#[derive(Debug)]
pub(crate) struct Blocked;

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of stdout is blocked")
    }
}

impl std::error::Error for Blocked {}

/// Standard output, or a file in its place, with a buffer that is flushed when we say so.
///
/// A reader that pauses (Ctrl-S, a slow pipe) does not keep the program from ending: it is waited
/// for together with the signals.
#[derive(Debug)]
pub(crate) struct Stdout {
    file: File,
    /// Its name in messages.
    name: String,
    /// A file never blocks, and takes everything at once.
    is_file: bool,
    is_terminal: bool,
    /// Width of the terminal when the current rows began.
    width: Option<usize>,
    buffer: Vec<u8>,
    /// End of each event in the buffer.
    ends: Vec<usize>,
    /// Number of events that were dropped because the reader is blocked.
    unwritten: u64,
    signals: Rc<Signals>,
}

impl Stdout {
    pub(crate) fn new(signals: Rc<Signals>) -> Result<Self> {
        let fd = io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .context("failed to open stdout")?;
        let file = File::from(fd);
        Ok(Self {
            is_file: is_file(&file),
            is_terminal: file.is_terminal(),
            file,
            name: "stdout".to_owned(),
            width: None,
            buffer: Vec::new(),
            ends: Vec::new(),
            unwritten: 0,
            signals,
        })
    }

    pub(crate) fn go_to(&mut self, file: &Path) -> Result<()> {
        self.file = files::create(file)?;
        self.is_file = is_file(&self.file);
        self.is_terminal = self.file.is_terminal();
        self.name = file.display().to_string();
        Ok(())
    }

    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Width of the terminal in cells, if stdout is one that knows it. It is queried once for all
    /// rows that are written together, which notices a change as well as SIGWINCH would.
    pub(crate) fn width(&mut self) -> Option<usize> {
        if self.is_terminal && self.buffer.is_empty() {
            let size = tcgetwinsize(&self.file).ok();
            self.width = size
                .map(|size| size.ws_col.into())
                .filter(|&width| width > 0);
        }
        self.width
    }

    /// Marks the end of an event; writes the buffer if it is full.
    pub(crate) fn end_event(&mut self) -> Result<()> {
        self.ends.push(self.buffer.len());
        self.flush_if_full()
    }

    /// Number of events that were formatted but not written.
    pub(crate) fn unwritten(&self) -> u64 {
        self.unwritten
    }

    pub(crate) fn flush_if_full(&mut self) -> Result<()> {
        if self.buffer.len() < FULL {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Writes all that is in the buffer.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let mut written = 0;
        let end = self.write(&mut written);
        if end.is_err() {
            let cut_off = self.ends.iter().filter(|&&end| end > written);
            self.unwritten += cut_off.count() as u64;
        }
        self.buffer.clear();
        self.ends.clear();
        end
    }

    fn write(&mut self, written: &mut usize) -> Result<()> {
        while *written < self.buffer.len() {
            let mut piece = &self.buffer[*written..];
            if !self.is_file {
                piece = &piece[..piece.len().min(PIECE)];
                if !self.wait_until_writable()? {
                    return Err(Blocked.into());
                }
            }
            match self.file.write(piece) {
                Ok(length) => *written += length,
                Err(err) if is_passing(err.kind()) => {}
                Err(err) if err.kind() == ErrorKind::BrokenPipe => return Err(Closed.into()),
                Err(err) => {
                    let name = &self.name;
                    return Err(Error::new(err).context(format!("failed to write to {name}")));
                }
            }
        }
        Ok(())
    }

    /// Returns false if the program is to end while the reader is still blocked.
    fn wait_until_writable(&self) -> Result<bool> {
        loop {
            let ended = self.signals.ended()?.is_some();
            let mut fds = vec![(self.file.as_fd(), PollFlags::POLLOUT)];
            if !ended {
                fds.push((self.signals.as_fd(), PollFlags::POLLIN));
            }
            let ready = wait(&fds, ended.then_some(GRACE))?;
            if ready[0] || ended {
                return Ok(ready[0]);
            }
        }
    }
}

impl AsFd for Stdout {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

fn is_file(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}
