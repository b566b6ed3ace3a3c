//! The thread that compresses renamed files, so that no event waits for it.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use bpfapps_host::{caller, files};
use flate2::Compression;
use flate2::write::GzEncoder;
use log::warn;
use nix::fcntl::OFlag;

use super::old;

/// Read at once.
const PIECE: usize = 64 * 1024;

/// A file for its owner alone, until it has the rights of what it replaces.
const PRIVATE: u32 = 0o600;

/// Compresses what was renamed. It ends when this is dropped, in the middle of a file if need be: the
/// next run compresses that.
#[derive(Debug)]
pub(super) struct Compressor {
    wake: Option<SyncSender<()>>,
    names: Arc<Mutex<()>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Compressor {
    /// The thread has the rights that this one has.
    pub(super) fn start(path: &Path) -> Result<Self> {
        let (wake, woken) = sync_channel(1);
        let (names, ending) = (Arc::default(), Arc::default());
        let work = Work {
            path: path.to_owned(),
            names: Arc::clone(&names),
            ending: Arc::clone(&ending),
        };
        let thread = thread::Builder::new()
            .name("compress".into())
            .spawn(move || {
                let mut is_said = false;
                while woken.recv().is_ok() {
                    if let Err(err) = work.compress_all()
                        && !is_said
                    {
                        is_said = true;
                        warn!("a file stays as it is until the next one is renamed: {err:#}");
                    }
                }
            });
        let thread = thread.context("failed to start the thread that compresses")?;
        let compressor = Self {
            wake: Some(wake),
            names,
            ending,
            thread: Some(thread),
        };
        // what an earlier run has left
        compressor.wake();
        Ok(compressor)
    }

    /// There is a file to compress.
    pub(super) fn wake(&self) {
        if let Some(wake) = &self.wake {
            // full: it is going to look anyway
            let _ = wake.try_send(());
        }
    }

    /// While this is held, nothing is renamed.
    pub(super) fn names(&self) -> MutexGuard<'_, ()> {
        held(&self.names)
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn held(names: &Mutex<()>) -> MutexGuard<'_, ()> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Work {
    path: PathBuf,
    names: Arc<Mutex<()>>,
    ending: Arc<AtomicBool>,
}

impl Work {
    /// The oldest first, as it is the next to go. The first error is that of a file that is left as it
    /// is.
    fn compress_all(&self) -> Result<()> {
        let mut failed = Ok(());
        let mut left: Vec<_> = self.uncompressed()?;
        while let Some(number) = left.pop() {
            let name = old::plain(&self.path, number);
            let done = caller::act(|| self.compress(&name))?;
            match done.with_context(|| format!("failed to compress {}", name.display())) {
                Ok(true) => left = self.uncompressed()?,
                Ok(false) => return Ok(()),
                Err(err) if failed.is_ok() => failed = Err(err),
                Err(_) => {}
            }
            if failed.is_err() {
                left.retain(|other| *other < number);
            }
        }
        failed
    }

    fn uncompressed(&self) -> Result<Vec<u32>> {
        let is_plain = |number: &u32| old::plain(&self.path, *number).exists();
        caller::act(|| old::numbers(&self.path).filter(is_plain).collect())
    }

    /// Returns false if the program ends.
    fn compress(&self, name: &Path) -> Result<bool> {
        let mut source = files::open(name, u64::MAX)?;
        let metadata = source.metadata()?;
        let part = old::part(&self.path);
        old::remove(&part)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(PRIVATE)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&part)?;
        let done = self.copy(&mut source, &file).and_then(|whole| {
            file.set_permissions(Permissions::from_mode(metadata.mode() & 0o777))?;
            // before the source is gone
            file.sync_all()?;
            Ok(whole)
        });
        if !done.as_ref().is_ok_and(|whole| *whole) {
            old::remove(&part)?;
            return Ok(done?);
        }
        self.replace(&part, &metadata)?;
        // it takes a while to remove a large file
        old::remove(&part)?;
        Ok(true)
    }

    /// Gives the compressed file its name, and what it replaces that of `part`.
    fn replace(&self, part: &Path, metadata: &Metadata) -> io::Result<()> {
        // meanwhile it may have got the next number, or be gone
        let _names = held(&self.names);
        let is_source = |name: &Path| {
            let found = fs::symlink_metadata(name);
            found.is_ok_and(|found| old::id(&found) == old::id(metadata))
        };
        let mut numbers = old::numbers(&self.path);
        let number = numbers.find(|number| is_source(&old::plain(&self.path, *number)));
        let Some(number) = number else {
            return Ok(());
        };
        fs::rename(part, old::compressed(&self.path, number))?;
        fs::rename(old::plain(&self.path, number), part)
    }

    /// Returns false if the program ends.
    fn copy(&self, source: &mut File, file: &File) -> io::Result<bool> {
        let mut to = GzEncoder::new(file, Compression::default());
        let mut piece = vec![0; PIECE];
        loop {
            if self.ending.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let length = source.read(&mut piece)?;
            if length == 0 {
                to.finish()?;
                return Ok(true);
            }
            to.write_all(&piece[..length])?;
        }
    }
}
