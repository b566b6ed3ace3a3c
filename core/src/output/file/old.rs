//! The files that were renamed: PATH.1 is the newest.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The mode bit of a folder in which only the owner of a file may rename it.
const STICKY: u32 = 0o1000;

/// A file is the same under any name.
pub(super) type Id = (u64, u64);

pub(super) fn id(file: &Metadata) -> Id {
    (file.dev(), file.ino())
}

/// PATH.1, PATH.2 and so on.
pub(super) fn plain(path: &Path, number: u32) -> PathBuf {
    with(path, &number.to_string())
}

/// PATH.1.gz and so on.
pub(super) fn compressed(path: &Path, number: u32) -> PathBuf {
    with(path, &format!("{number}.gz"))
}

/// A file that is being written, and has no final name yet.
pub(super) fn part(path: &Path) -> PathBuf {
    with(path, "part")
}

pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != "" => folder,
        _ => Path::new("."),
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(OsStr::new("."));
    name.push(ending);
    name.into()
}

/// The numbers in use, from 1 on without a gap.
pub(super) fn numbers(path: &Path) -> impl Iterator<Item = u32> {
    (1..).take_while(|&number| exists(path, number))
}

fn exists(path: &Path, number: u32) -> bool {
    let is_there = |path: PathBuf| fs::symlink_metadata(path).is_ok();
    is_there(plain(path, number)) || is_there(compressed(path, number))
}

/// True if a file that is there already can't be renamed in its folder, as it is somebody else's.
pub(super) fn is_of_others(path: &Path, user: u32) -> io::Result<bool> {
    let folder = fs::metadata(folder(path))?;
    let is_sticky = folder.mode() & STICKY != 0 && folder.uid() != user;
    Ok(is_sticky && fs::metadata(path).is_ok_and(|file| file.uid() != user))
}

/// Renames PATH to PATH.1 and older ones to the next number, up to a number that is free, and
/// removes what is over `keep`.
pub(super) fn rename(path: &Path, keep: u32) -> io::Result<()> {
    let used = numbers(path).count() as u32;
    for number in keep..=used {
        remove(&plain(path, number))?;
        remove(&compressed(path, number))?;
    }
    for number in (1..=used.min(keep - 1)).rev() {
        for name in [plain, compressed] {
            match fs::rename(name(path, number), name(path, number + 1)) {
                Err(err) if err.kind() == ErrorKind::NotFound => {}
                done => done?,
            }
        }
    }
    fs::rename(path, plain(path, 1))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use tempfile::TempDir;

    use super::*;

    /// A folder of files, each with its own name as content.
    fn folder_of(names: &[&str]) -> Result<TempDir> {
        let folder = TempDir::new()?;
        for name in names {
            fs::write(folder.path().join(name), name)?;
        }
        Ok(folder)
    }

    /// What became of them: name and content.
    fn after(names: &[&str], keep: u32) -> Result<Vec<String>> {
        let folder = folder_of(names)?;
        rename(&folder.path().join("x"), keep)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(folder.path())? {
            let path = entry?.path();
            let name = path.file_name().expect("a name").to_string_lossy();
            files.push(format!("{name}={}", fs::read_to_string(&path)?));
        }
        files.sort();
        Ok(files)
    }

    #[test]
    fn newest_is_one_and_the_oldest_goes() -> Result<()> {
        assert_eq!(after(&["x"], 2)?, ["x.1=x"]);
        assert_eq!(after(&["x", "x.1"], 2)?, ["x.1=x", "x.2=x.1"]);
        assert_eq!(after(&["x", "x.1", "x.2"], 2)?, ["x.1=x", "x.2=x.1"]);
        assert_eq!(after(&["x", "x.1"], 1)?, ["x.1=x"]);
        // fewer are kept than before
        let many = ["x", "x.1", "x.2", "x.3", "x.4.gz"];
        assert_eq!(after(&many, 2)?, ["x.1=x", "x.2=x.1"]);
        Ok(())
    }

    #[test]
    fn compressed_ones_move_too_and_a_gap_is_filled() -> Result<()> {
        assert_eq!(
            after(&["x", "x.1", "x.2.gz"], 5)?,
            ["x.1=x", "x.2=x.1", "x.3.gz=x.2.gz"]
        );
        assert_eq!(
            after(&["x", "x.1", "x.3"], 5)?,
            ["x.1=x", "x.2=x.1", "x.3=x.3"]
        );
        assert_eq!(after(&["x", "x.2"], 2)?, ["x.1=x", "x.2=x.2"]);
        Ok(())
    }

    #[test]
    fn no_other_file_is_touched() -> Result<()> {
        let names = ["x", "x.1.bak", "x.gz", "y", "y.1"];
        let expected = ["x.1.bak=x.1.bak", "x.1=x", "x.gz=x.gz", "y.1=y.1", "y=y"];
        assert_eq!(after(&names, 5)?, expected);
        Ok(())
    }
}
