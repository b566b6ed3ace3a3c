use std::fs::File;
use std::io::{self, Read};
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal whose content a test reads.
#[derive(Debug)]
pub struct Terminal {
    screen: File,
}

impl Terminal {
    /// A terminal with this many columns.
    ///
    /// # Errors
    ///
    /// The kernel has none left.
    pub fn new(columns: u16) -> Result<Self> {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).context("no terminal")?;
        grantpt(&screen).and_then(|()| unlockpt(&screen))?;
        let terminal = Self {
            screen: screen.into(),
        };
        terminal.resize(columns)?;
        Ok(terminal)
    }

    /// Makes it wider or narrower.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn resize(&self, columns: u16) -> Result<()> {
        let size = Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.screen, size).context("failed to resize a terminal")
    }

    /// The side that a program writes to.
    pub(crate) fn open(&self) -> Result<Stdio> {
        let name = ptsname(&self.screen, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(open(name.as_c_str(), flags, Mode::empty())?.into())
    }

    /// Reads its content.
    pub(crate) fn reader(&self) -> Result<impl Read + Send + 'static> {
        let screen = self
            .screen
            .try_clone()
            .context("failed to copy a file descriptor")?;
        Ok(Screen(screen))
    }
}

/// Lines end as in a pipe.
struct Screen(File);

impl Read for Screen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(buffer)?;
        let mut kept = 0;
        for i in 0..length {
            if buffer[i] != b'\r' {
                buffer[kept] = buffer[i];
                kept += 1;
            }
        }
        Ok(kept)
    }
}
