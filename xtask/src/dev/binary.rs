//! The binary that cargo has built: which one it is, and a copy of it.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Tells a file from the one that cargo puts in its place.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

impl Identity {
    pub(super) fn of(file: &Metadata) -> Self {
        Self {
            file: (file.dev(), file.ino()),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }
}

/// Copies an open file, so that the copy is of the file that was looked at.
pub(super) fn copy(from: &mut File, to: &Path) -> io::Result<()> {
    let mut copy = File::create_new(to)?;
    io::copy(from, &mut copy)?;
    copy.set_permissions(from.metadata()?.permissions())
}
