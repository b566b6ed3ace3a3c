use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Error, Result};
use nix::poll::PollFlags;
use rustix::termios::tcgetwinsize;

use super::file::OutputFile;
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

/// A place in the buffer where a row or document ends.
#[derive(Clone, Copy, Debug)]
struct End {
    at: usize,
    is_event: bool,
}

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
    /// A file in its place, which others may rename.
    followed: Option<OutputFile>,
    /// End of each row and document in the buffer.
    ends: Vec<End>,
    /// Number of events.
    events: u64,
    /// Number of events that were dropped because the reader is blocked or the file not writable.
    unwritten: Arc<AtomicU64>,
    /// How many of these the documents in the file tell, and those in the buffer.
    told: [u64; 2],
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
            followed: None,
            ends: Vec::new(),
            events: 0,
            unwritten: Arc::default(),
            told: [0; 2],
            signals,
        })
    }

    pub(crate) fn go_to(&mut self, file: OutputFile) {
        self.is_file = file.is_regular();
        if self.is_file {
            self.is_terminal = false;
            self.followed = Some(file);
            return;
        }
        let (file, path) = file.into_parts();
        self.is_terminal = file.is_terminal();
        self.file = file;
        self.name = path.display().to_string();
    }

    /// The file in its place, if there is one.
    pub(crate) fn followed(&mut self) -> Option<&mut OutputFile> {
        self.followed.as_mut()
    }

    /// How long it can be left alone.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.followed.is_some().then(OutputFile::patience)
    }

    /// What is in the buffer is the title line of a table: each file begins with it.
    pub(crate) fn end_title(&mut self) {
        self.end_document();
        if let Some(file) = &mut self.followed {
            file.set_head(&self.buffer);
        }
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
        self.events += 1;
        self.end(true);
        self.flush_if_full()
    }

    /// Marks the end of a line or document that is no event.
    pub(crate) fn end_document(&mut self) {
        self.end(false);
    }

    fn end(&mut self, is_event: bool) {
        let at = self.buffer.len();
        self.ends.push(End { at, is_event });
    }

    /// Number of events so far.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Number of events that were formatted but not written.
    pub(crate) fn unwritten(&self) -> u64 {
        self.unwritten.load(Ordering::Relaxed)
    }

    /// The same, for another thread.
    pub(crate) fn shared_unwritten(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.unwritten)
    }

    /// Events that a file did not take, of which no document tells, and all such events: the next one in the buffer is
    /// to tell it.
    pub(crate) fn tell_unwritten(&mut self) -> Option<(u64, u64)> {
        let unwritten = self.unwritten();
        let untold = unwritten - self.told[0];
        self.told[1] = unwritten;
        (self.followed.is_some() && untold > 0).then_some((untold, unwritten))
    }

    pub(crate) fn flush_if_full(&mut self) -> Result<()> {
        let largest = self.followed.as_ref().and_then(OutputFile::largest);
        // what is written at once is to fit in a file
        let full = largest.map_or(FULL, |largest| FULL.min(largest / 2));
        if self.buffer.len() < full {
            Ok(())
        } else {
            self.flush()
        }
    }

    /// Writes all that is in the buffer.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let mut written = 0;
        let end = match self.followed {
            Some(_) => self.write_to_file(&mut written),
            None => self.write(&mut written),
        };
        if written < self.buffer.len() {
            let cut_off = self.ends.iter().filter(|end| end.at > written);
            let count = cut_off.filter(|end| end.is_event).count() as u64;
            self.unwritten.fetch_add(count, Ordering::Relaxed);
        } else {
            self.told[0] = self.told[1];
        }
        self.buffer.clear();
        self.ends.clear();
        end
    }

    /// A file that has been written to may be written to again, once the disk is no longer full.
    fn write_to_file(&mut self, written: &mut usize) -> Result<()> {
        let Some(file) = &mut self.followed else {
            return Ok(());
        };
        if self.buffer.is_empty() {
            file.look();
            return Ok(());
        }
        let ends = self.ends.iter().map(|end| end.at);
        let (length, failed) = file.write(&self.buffer, ends);
        *written = length;
        match failed {
            None => {}
            Some(err) if !file.has_begun() => {
                let name = file.path().display();
                return Err(Error::new(err).context(format!("failed to write to {name}")));
            }
            Some(err) => file.warn_of_losses(&err),
        }
        Ok(())
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
        match &self.followed {
            Some(file) => file.as_fd(),
            None => self.file.as_fd(),
        }
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

fn is_file(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}
