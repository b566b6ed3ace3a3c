//! The names of the file: who renames it, and what is written to then.

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, ensure};
use bpfapps_host::{caller, files};
use log::warn;

use super::compress::Compressor;
use super::{OutputFile, old};

/// How often a file that nothing is written to is looked at, and one that can't be renamed is tried
/// again.
const PAUSE: Duration = Duration::from_secs(1);

impl OutputFile {
    /// How long the program may sleep without a look at the file.
    pub(crate) const fn patience() -> Duration {
        PAUSE
    }

    /// Looks whether it still has its name, if that was not done just now.
    pub(crate) fn look(&mut self) {
        if self.looked.elapsed() >= PAUSE {
            self.follow();
        }
    }

    /// Continues in a new file if this one has lost its name.
    pub(super) fn follow(&mut self) {
        if !self.is_settled {
            return;
        }
        self.looked = Instant::now();
        match caller::act(|| fs::metadata(&self.path)) {
            Ok(Ok(found)) if old::id(&found) == self.id => self.size = found.len(),
            Ok(Ok(_)) => self.reopen(),
            Ok(Err(err)) if err.kind() == ErrorKind::NotFound => self.reopen(),
            // in a folder that may not be searched any more it keeps its name
            Ok(Err(_)) | Err(_) => {}
        }
    }

    fn reopen(&mut self) {
        // what is half written stays behind
        let _ = self.mend();
        if let Err(err) = self.open_again() {
            self.warn("it was renamed or removed, and events still go there", &err);
        }
    }

    fn open_again(&mut self) -> Result<()> {
        let file = files::append(&self.path)?;
        let metadata = file.metadata()?;
        ensure!(metadata.is_file(), "{} is no file", self.path.display());
        self.file = file;
        self.id = old::id(&metadata);
        self.size = metadata.len();
        self.torn = 0;
        Ok(())
    }

    /// Continues in a new file if this one has no room for that many bytes.
    pub(super) fn rotate(&mut self, more: u64) {
        let Some(rotation) = &self.rotation else {
            return;
        };
        let has_room = self.size == 0 || self.size + more <= rotation.bytes;
        let has_failed = self.failed.is_some_and(|at| at.elapsed() < PAUSE);
        if has_room || has_failed || !self.is_settled {
            return;
        }
        let keep = rotation.keep;
        self.failed = None;
        if let Err(err) = self
            .mend()
            .map_err(Error::from)
            .and_then(|()| self.rename(keep))
        {
            self.failed = Some(Instant::now());
            self.warn("it can't be renamed, and grows", &err);
        }
    }

    fn rename(&mut self, keep: u32) -> Result<()> {
        let compressor = self.compressor.take();
        let names = compressor.as_ref().map(Compressor::names);
        let renamed = caller::act(|| old::rename(&self.path, keep));
        let renamed = renamed.and_then(|done| done.map_err(Error::from));
        let done = renamed.and_then(|()| {
            self.open_again().inspect_err(|_| {
                // events go on to where they went
                let _ = caller::act(|| fs::rename(old::plain(&self.path, 1), &self.path));
            })
        });
        drop(names);
        if let (Some(compressor), Ok(())) = (&compressor, &done) {
            compressor.wake();
        }
        self.compressor = compressor;
        done
    }

    /// Said once: a full log is of no use either.
    fn warn(&mut self, effect: &str, err: &Error) {
        if !self.is_warned {
            self.is_warned = true;
            warn!("{}: {effect}: {err:#}", self.path.display());
        }
    }
}
