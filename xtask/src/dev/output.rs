//! The output of apps and of cargo, read from terminals or pipes.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// The start of a line is shown if the rest does not follow within this time.
const UNFINISHED: Duration = Duration::from_millis(100);

/// Replaces one of our streams: by a terminal if it is one, since apps check for colours and width,
/// else by a pipe.
pub(super) fn in_place_of(ours: &(impl AsFd + IsTerminal)) -> Result<(File, Stdio)> {
    let (reader, writer): (OwnedFd, OwnedFd) = if ours.is_terminal() {
        terminal(ours).context("failed to open a terminal")?
    } else {
        let (reader, writer) = io::pipe().context("failed to create a pipe")?;
        (reader.into(), writer.into())
    };
    Ok((reader.into(), writer.into()))
}

/// A terminal as large as ours, which changes nothing in what goes through it: ours will.
fn terminal(ours: &impl AsFd) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = ioctl_tiocgptpeer(&master, flags)?;
    let mut modes = tcgetattr(&slave)?;
    modes.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &modes)?;
    resize(&master, ours);
    Ok((master, slave))
}

fn resize(terminal: &impl AsFd, ours: &impl AsFd) {
    if let Ok(size) = tcgetwinsize(ours) {
        // a pipe has no size
        let _ = tcsetwinsize(terminal, size);
    }
}

/// Hands on whole lines of an app's stdout, so that two versions never share one.
pub(super) fn rows(mut app: File, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut rows = Vec::new();
    while read(&mut app, &mut rows) {
        if let Some(end) = end_of_lines(&rows) {
            each(&rows[..end])?;
            rows.drain(..end);
            // it asks for the width before it writes
            resize(&app, &io::stdout());
        }
    }
    match rows.is_empty() {
        true => Ok(()),
        false => each(&rows),
    }
}

/// Hands on whole lines of an app's stderr, and the start of one that is not continued at once,
/// such as a question.
pub(super) fn words(mut app: File, mut each: impl FnMut(&[u8])) {
    let mut words = Vec::new();
    loop {
        let goes_on = words.is_empty() || has_more(&app);
        if goes_on && !read(&mut app, &mut words) {
            break;
        }
        let end = match goes_on {
            true => end_of_lines(&words).unwrap_or(0),
            false => words.len(),
        };
        if end > 0 {
            each(&words[..end]);
            words.drain(..end);
        }
    }
    if !words.is_empty() {
        each(&words);
    }
}

/// Everything that cargo writes, until its end.
pub(super) fn all(mut cargo: File) -> Vec<u8> {
    let mut output = Vec::new();
    while read(&mut cargo, &mut output) {}
    output
}

/// The length of the whole lines at the start of `text`.
fn end_of_lines(text: &[u8]) -> Option<usize> {
    Some(text.iter().rposition(|&byte| byte == b'\n')? + 1)
}

/// True if there is more to read, or the end, before a line counts as unfinished.
fn has_more(file: &File) -> bool {
    let time = Timespec::try_from(UNFINISHED).ok();
    match poll(&mut [PollFd::new(file, PollFlags::IN)], time.as_ref()) {
        Ok(count) => count > 0,
        Err(_) => true,
    }
}

/// Reads once. False at the end, which a closed terminal reports as an error.
fn read(from: &mut File, to: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 * 1024];
    loop {
        match from.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return false,
            Ok(length) => {
                to.extend_from_slice(&piece[..length]);
                return true;
            }
        }
    }
}
