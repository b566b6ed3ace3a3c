//! Forwards the output of an app to its destination.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

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

/// Hands on whole lines of an app to stdout, so that two versions never share one; `written` hears
/// of each time.
pub(super) fn rows(mut app: File, mut written: impl FnMut()) -> io::Result<()> {
    let mut rows = Vec::new();
    pieces(&mut app, |app, piece| {
        rows.extend_from_slice(piece);
        if let Some(end) = rows.iter().rposition(|&byte| byte == b'\n') {
            write(&mut io::stdout().lock(), &rows[..=end])?;
            rows.drain(..=end);
            written();
            // it asks for the width before it writes
            resize(app, &io::stdout());
        }
        Ok(())
    })?;
    write(&mut io::stdout().lock(), &rows)
}

/// Hands on all else to stderr as it comes, and to `heard`.
pub(super) fn words(mut app: File, mut heard: impl FnMut(&[u8])) -> io::Result<()> {
    pieces(&mut app, |_, piece| {
        heard(piece);
        write(&mut io::stderr().lock(), piece)
    })
}

fn pieces(
    app: &mut File,
    mut each: impl FnMut(&mut File, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        match app.read(&mut piece) {
            // a closed terminal returns an error instead of the end of file
            Ok(0) | Err(_) => return Ok(()),
            Ok(length) => each(app, &piece[..length])?,
        }
    }
}

fn write(to: &mut impl Write, text: &[u8]) -> io::Result<()> {
    to.write_all(text).and_then(|()| to.flush())
}
