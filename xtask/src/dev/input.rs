//! Forwards our stdin to the version that runs.
//!
//! Versions are process groups of their own, and only that of a terminal's foreground may read it.

use std::io::{self, IsTerminal, PipeWriter, Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

pub(super) struct Input {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// A version has come, which may read.
    has_come: Condvar,
    /// Locked while a password is typed, which is not the app's.
    reading: Mutex<()>,
}

struct State {
    /// Our stdin has ended.
    is_over: bool,
    /// The stdins of versions, the oldest first: that one gets the input.
    versions: Vec<(u32, Arc<PipeWriter>)>,
}

impl Input {
    pub(super) fn new() -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                is_over: !is_ours(),
                versions: Vec::new(),
            }),
            has_come: Condvar::new(),
            reading: Mutex::new(()),
        });
        let forwarding = Arc::clone(&shared);
        thread::spawn(move || {
            // an error ends the input, too
            let _ = forwarding.forward();
            let mut state = forwarding.state();
            state.is_over = true;
            state.versions.clear();
        });
        Self { shared }
    }

    /// The stdin of a version.
    pub(super) fn of(&self, version: u32) -> Result<Stdio> {
        let mut state = self.shared.state();
        if state.is_over {
            return Ok(Stdio::null());
        }
        let (reader, writer) = io::pipe().context("failed to create a pipe")?;
        state.versions.push((version, Arc::new(writer)));
        self.shared.has_come.notify_all();
        Ok(reader.into())
    }

    /// Forwards nothing to a version that has ended.
    pub(super) fn end(&self, version: u32) {
        self.shared.state().remove(version);
    }

    /// Reads nothing during `ask`, which may read from our terminal.
    pub(super) fn without<T>(&self, ask: impl FnOnce() -> T) -> T {
        let reading = self.shared.reading.lock();
        let _reading = reading.unwrap_or_else(PoisonError::into_inner);
        ask()
    }
}

impl Shared {
    fn forward(&self) -> io::Result<()> {
        let mut piece = vec![0; 64 * 1024];
        loop {
            // what comes before there is a version stays where it is
            self.next_version()?;
            let length = self.read(&mut piece)?;
            if length == 0 {
                return Ok(());
            }
            loop {
                let (version, writer) = self.next_version()?;
                match (&*writer).write_all(&piece[..length]) {
                    Ok(()) => break,
                    // it has ended, or reads no more
                    Err(_) => self.state().remove(version),
                }
            }
        }
    }

    /// The version that gets the input; waits until there is one.
    fn next_version(&self) -> io::Result<(u32, Arc<PipeWriter>)> {
        let state = self
            .has_come
            .wait_while(self.state(), |state| state.versions.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let first = state.versions.first().cloned();
        first.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read(&self, piece: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        loop {
            wait(&stdin, None)?;
            let reading = self.reading.lock();
            let _reading = reading.unwrap_or_else(PoisonError::into_inner);
            if !is_ours() {
                return Ok(0);
            }
            // a password may have been what came
            if wait(&stdin, Some(&Timespec::default()))? {
                return stdin.lock().read(piece);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, version: u32) {
        self.versions.retain(|(number, _)| *number != version);
    }
}

/// False if reading would stop us: stdin is a terminal, and we are in the background.
fn is_ours() -> bool {
    let stdin = io::stdin();
    !stdin.is_terminal() || tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp())
}

/// Returns true if there is something to read, or the end.
fn wait(stdin: &io::Stdin, time: Option<&Timespec>) -> io::Result<bool> {
    loop {
        match poll(&mut [PollFd::new(stdin, PollFlags::IN)], time) {
            Err(rustix::io::Errno::INTR) => {}
            ended => return Ok(ended? > 0),
        }
    }
}
