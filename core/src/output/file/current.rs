use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use bpfapps_host::files;
use log::warn;

use super::compress::Compressor;
use super::old::{self, Id};
use super::options::Rotation;

/// The file in place of stdout.
///
/// Before each write it is looked at under its name: whoever renames or removes it gets a new one
/// there. A write that fails leaves no part of an event.
#[derive(Debug)]
pub(crate) struct OutputFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
    is_regular: bool,
    pub(super) id: Id,
    pub(super) size: u64,
    pub(super) rotation: Option<Rotation>,
    pub(super) compressor: Option<Compressor>,
    /// The rights are those that are left.
    pub(super) is_settled: bool,
    /// The title line of the table.
    head: Vec<u8>,
    /// It has been written to.
    has_begun: bool,
    /// Bytes at its end that are no whole event, and could not be cut off yet.
    pub(super) torn: u64,
    pub(super) looked: Instant,
    /// When renaming failed.
    pub(super) failed: Option<Instant>,
    pub(super) is_warned: bool,
    is_warned_of_losses: bool,
}

impl OutputFile {
    pub(super) fn new(path: &Path, file: File, rotation: Option<Rotation>) -> Result<Self> {
        let metadata = file.metadata();
        let metadata =
            metadata.with_context(|| format!("failed to write to {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            is_regular: metadata.is_file(),
            id: old::id(&metadata),
            size: metadata.len(),
            rotation,
            compressor: None,
            is_settled: false,
            head: Vec::new(),
            has_begun: false,
            torn: 0,
            looked: Instant::now(),
            failed: None,
            is_warned: false,
            is_warned_of_losses: false,
        })
    }

    /// Ends a line that an earlier run, or the machine, has left half written.
    pub(super) fn end_last_line(&mut self) -> Result<()> {
        let mut last = [b'\n'];
        if let Some(place) = self.size.checked_sub(1).filter(|_| self.is_regular) {
            // one that may not be read is taken as it is
            if let Ok(file) = files::open(&self.path, u64::MAX) {
                file.read_exact_at(&mut last, place)?;
            }
        }
        if last != [b'\n'] {
            let ended = self.file.write_all(b"\n");
            ended.with_context(|| format!("failed to write to {}", self.path.display()))?;
            self.size += 1;
        }
        Ok(())
    }

    /// A pipe or a device is written to like stdout.
    pub(crate) fn is_regular(&self) -> bool {
        self.is_regular
    }

    pub(crate) fn into_parts(self) -> (File, PathBuf) {
        (self.file, self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The size at which it is renamed.
    pub(crate) fn largest(&self) -> Option<usize> {
        let bytes = self.rotation.as_ref()?.bytes;
        Some(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// True once a write has succeeded.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Bytes that each further file begins with.
    pub(crate) fn set_head(&mut self, head: &[u8]) {
        self.head = head.to_owned();
    }

    /// From now on it is followed and renamed: with the rights that are left, in which a thread can
    /// help.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.is_settled = true;
        if self
            .rotation
            .as_ref()
            .is_some_and(|rotation| rotation.compress)
        {
            self.compressor = Some(Compressor::start(&self.path)?);
        }
        Ok(())
    }

    /// Appends `bytes`, in which whole events end at `ends`. Returns how many bytes the file has of
    /// them, and the reason if these are not all.
    pub(crate) fn write(
        &mut self,
        bytes: &[u8],
        ends: impl DoubleEndedIterator<Item = usize>,
    ) -> (usize, Option<io::Error>) {
        self.follow();
        self.rotate(bytes.len() as u64);
        if let Err(err) = self.mend() {
            return (0, Some(err));
        }
        if self.size == 0 && self.has_begun && !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            let (_, failed) = self.append(&head, [].into_iter());
            self.head = head;
            if failed.is_some() {
                return (0, failed);
            }
        }
        let (length, failed) = self.append(bytes, ends);
        self.has_begun |= failed.is_none();
        (length, failed)
    }

    fn append(
        &mut self,
        bytes: &[u8],
        ends: impl DoubleEndedIterator<Item = usize>,
    ) -> (usize, Option<io::Error>) {
        let mut written = 0;
        let failed = loop {
            if written == bytes.len() {
                break None;
            }
            match self.file.write(&bytes[written..]) {
                Ok(0) => break Some(ErrorKind::WriteZero.into()),
                Ok(length) => written += length,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(err) => break Some(err),
            }
        };
        self.size += written as u64;
        if failed.is_none() {
            return (written, None);
        }
        let whole = ends.rev().find(|&end| end <= written).unwrap_or(0);
        self.torn = (written - whole) as u64;
        // else before the next write
        let _ = self.mend();
        (whole, failed)
    }

    /// Cuts off a part of an event.
    pub(super) fn mend(&mut self) -> io::Result<()> {
        if self.torn > 0 {
            // it may have been truncated meanwhile
            let size = self.file.metadata()?.len().saturating_sub(self.torn);
            self.file.set_len(size)?;
            self.size = size;
            self.torn = 0;
        }
        Ok(())
    }

    /// Says once that a write has failed.
    pub(crate) fn warn_of_losses(&mut self, err: &io::Error) {
        if !self.is_warned_of_losses {
            self.is_warned_of_losses = true;
            let name = self.path.display();
            warn!("failed to write to {name}: {err}: events are lost until that works again");
        }
    }
}

impl AsFd for OutputFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
