//! Archives that depend on nothing but what is in them.

use anyhow::{Context, Result};
use tar::{EntryType, Header};

use super::tree::Tree;

/// A tar whose files are all root's, and of one time.
pub(super) struct Archive {
    tar: tar::Builder<Vec<u8>>,
    time: u32,
}

impl Archive {
    /// All of a tree.
    pub(super) fn of(tree: &Tree, time: u32) -> Result<Vec<u8>> {
        let mut archive = Self::new(time)?;
        for folder in tree.folders() {
            let path = folder.to_str().context("a path is not UTF-8")?;
            archive.folder(&format!("{path}/"))?;
        }
        for (path, file) in tree.files() {
            archive.file(path, file.mode, &file.bytes)?;
        }
        archive.finish()
    }

    /// One with nothing but its root.
    pub(super) fn new(time: u32) -> Result<Self> {
        let tar = tar::Builder::new(Vec::new());
        let mut archive = Self { tar, time };
        archive.folder("")?;
        Ok(archive)
    }

    pub(super) fn folder(&mut self, path: &str) -> Result<()> {
        self.entry(path, EntryType::Directory, 0o755, &[])
    }

    pub(super) fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) -> Result<()> {
        self.entry(path, EntryType::Regular, mode, bytes)
    }

    fn entry(&mut self, path: &str, kind: EntryType, mode: u32, bytes: &[u8]) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(self.time.into());
        header.set_size(bytes.len() as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        // the library would drop the dot in front
        let path = format!("./{path}");
        let place = header.as_old_mut().name.get_mut(..path.len());
        place
            .context("a path is too long")?
            .copy_from_slice(path.as_bytes());
        header.set_cksum();
        Ok(self.tar.append(&header, bytes)?)
    }

    pub(super) fn finish(self) -> Result<Vec<u8>> {
        Ok(self.tar.into_inner()?)
    }
}
