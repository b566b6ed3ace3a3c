//! The terminal that rows, messages, cargo and dev itself share: whole lines, one write at a time.
//!
//! After a failure, output of the version that runs on is counted instead of shown, until a change
//! works: otherwise its rows would push the error out of sight. If rows go elsewhere, such as into
//! a file, all of them are written.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bpfapps_explain::{coloured, stderr_is_coloured};
use rustix::termios::tcgetwinsize;

/// Back to the first column, with the line cleared.
const CLEAR: &[u8] = b"\r\x1b[K";

pub(super) struct Screen {
    /// Rows and messages are on one terminal.
    is_shared: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last message has no end of line yet: a question, for example.
    is_open: bool,
    held: Option<Held>,
}

/// Output that is not shown.
struct Held {
    /// The number of the last version that it applies to.
    last: u32,
    lines: usize,
    /// The last line on the terminal is the one that counts.
    is_drawn: bool,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            is_shared: io::stdout().is_terminal() && io::stderr().is_terminal(),
            state: Mutex::default(),
        }
    }

    /// Writes whole rows of a version.
    pub(super) fn rows(&self, version: u32, rows: &[u8]) -> io::Result<()> {
        // a reader of a pipe may block us: messages must not wait for it
        let _state = match self.is_shared {
            true => match self.admits(version, rows) {
                Some(mut state) => {
                    // a new version works before anybody has said so
                    state.release();
                    write(&mut io::stderr(), &state.begin())?;
                    Some(state)
                }
                None => return Ok(()),
            },
            false => None,
        };
        write(&mut io::stdout().lock(), rows)
    }

    /// Writes messages of a version.
    pub(super) fn words(&self, version: u32, words: &[u8]) -> io::Result<()> {
        match self.admits(version, words) {
            Some(mut state) => state.say(words),
            None => Ok(()),
        }
    }

    /// Writes a line about what happens.
    pub(super) fn note(&self, line: impl Display) {
        // cargo's progress may be on that line
        let clear = if self.is_shared { CLEAR } else { &[] };
        let line = format!("dev: {line}\n");
        // without stderr there is nowhere left to complain
        let _ = self.state().say(&[clear, line.as_bytes()].concat());
    }

    /// Writes cargo's output.
    pub(super) fn build(&self, output: &[u8]) {
        let painted = coloured(&String::from_utf8_lossy(output));
        let output = match stderr_is_coloured() {
            true => painted.as_bytes(),
            false => output,
        };
        let _ = self.state().say(output);
    }

    /// Shows no output of this version and older ones from now on, if it could hide a failure.
    pub(super) fn hold(&self, last: u32) {
        if self.is_shared {
            let mut state = self.state();
            let held = state.held.get_or_insert(Held {
                last,
                lines: 0,
                is_drawn: false,
            });
            held.last = last;
        }
    }

    /// Shows all output again.
    pub(super) fn release(&self) {
        self.state().release();
    }

    /// True if output is held.
    pub(super) fn is_holding(&self) -> bool {
        self.state().held.is_some()
    }

    /// Brings the number of lines up to date.
    pub(super) fn refresh(&self) {
        let mut state = self.state();
        let mut text = state.begin();
        if let Some(held) = state.held.as_mut().filter(|held| held.lines > 0) {
            held.is_drawn = true;
            let line = format!(
                "dev: {} not shown until a change works",
                counted(held.lines)
            );
            let size = tcgetwinsize(io::stderr()).map(|size| usize::from(size.ws_col));
            let columns = size.ok().filter(|&columns| columns > 0).unwrap_or(80);
            // the last column would start a new line
            text.extend(line.bytes().take(columns - 1));
        }
        let _ = write(&mut io::stderr(), &text);
    }

    /// The terminal, unless that version's output is held: then its lines are counted.
    fn admits(&self, version: u32, output: &[u8]) -> Option<MutexGuard<'_, State>> {
        let mut state = self.state();
        match &mut state.held {
            Some(held) if version <= held.last => {
                held.lines += output.iter().filter(|&&byte| byte == b'\n').count();
                None
            }
            _ => Some(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What has to be written before a line.
    fn begin(&mut self) -> Vec<u8> {
        let mut begin = Vec::new();
        if self
            .held
            .as_mut()
            .is_some_and(|held| std::mem::take(&mut held.is_drawn))
        {
            begin.extend_from_slice(CLEAR);
        }
        if std::mem::take(&mut self.is_open) {
            begin.push(b'\n');
        }
        begin
    }

    fn say(&mut self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let begin = self.begin();
        self.is_open = text.last() != Some(&b'\n');
        write(&mut io::stderr(), &[&begin, text].concat())
    }

    fn release(&mut self) {
        let begin = self.begin();
        if let Some(held) = self.held.take() {
            let mut text = begin;
            if held.lines > 0 {
                let lines = counted(held.lines);
                text.extend(format!("dev: {lines} of output not shown\n").bytes());
            }
            let _ = write(&mut io::stderr(), &text);
        }
    }
}

fn counted(lines: usize) -> String {
    match lines {
        1 => "1 line".to_owned(),
        lines => format!("{lines} lines"),
    }
}

fn write(to: &mut impl Write, text: &[u8]) -> io::Result<()> {
    to.write_all(text).and_then(|()| to.flush())
}
