//! Files that a user names: an object, types, a configuration. Their content is not trusted.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf, absolute};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_explain::Failure;
use nix::fcntl::OFlag;

use crate::{caller, shell};

const MIB: u64 = 1024 * 1024;

/// Links on the way to a file, at most: the kernel's own limit.
const MOST_LINKS: usize = 40;

/// Others may write it.
const OTHERS_WRITE: u32 = 0o022;

/// Only who owns an entry of the folder may replace it.
const STICKY: u32 = 0o1000;

/// Opens a regular file of at most `largest` bytes with the caller's rights. It never blocks, for
/// example on a pipe without a writer.
///
/// # Errors
///
/// It can't be read, is something else, or is larger.
pub fn open(path: &Path, largest: u64) -> Result<File> {
    let shown = path.display();
    let cannot = || format!("failed to read {shown}");
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    options.read(true).custom_flags(flags.bits());
    let file = caller::act(|| options.open(path))?.with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    ensure!(metadata.is_file(), "{shown} is not a regular file");
    ensure!(metadata.len() <= largest, too_large(path, largest));
    Ok(file)
}

/// Creates a file with the caller's rights, or truncates an existing one. A pipe must have a
/// reader.
///
/// # Errors
///
/// It can't be written.
pub fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    // appends, so that whoever truncates it meanwhile leaves no hole
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_APPEND;
    options.write(true).create(true).truncate(true);
    let file = caller::act(|| options.custom_flags(flags.bits()).open(path))?;
    file.with_context(|| format!("failed to write to {}", path.display()))
}

/// The same, but keeps what an existing file contains.
///
/// # Errors
///
/// It can't be written.
pub fn append(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    options.append(true).create(true);
    let file = caller::act(|| options.custom_flags(flags.bits()).open(path))?;
    file.with_context(|| format!("failed to write to {}", path.display()))
}

/// Reads all of such a file.
///
/// # Errors
///
/// Those of [`open`].
pub fn read(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let file = open(path, largest)?;
    // one of /proc has no size of its own
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(size as usize + 1);
    let read = file.take(largest + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("failed to read {}", path.display()))?;
    ensure!(bytes.len() as u64 <= largest, too_large(path, largest));
    Ok(bytes)
}

fn too_large(path: &Path, largest: u64) -> String {
    let largest = match largest / MIB {
        0 => format!("{} KiB", largest / 1024),
        mib => format!("{mib} MiB"),
    };
    format!("{} is larger than {largest}", path.display())
}

/// Checks that only root decides what a file contains: no other user can write it, replace it, or
/// redirect its path.
///
/// # Errors
///
/// Another user can, with the fix; or it cannot be examined.
pub fn is_roots_alone(path: &Path) -> Result<()> {
    let whole = absolute(path).with_context(|| format!("failed to find {}", path.display()))?;
    walk(&whole, path, &mut 0).map(drop)
}

/// Resolves `path`, and checks that every entry on the way belongs to root alone. `named` is the
/// path in messages.
fn walk(path: &Path, named: &Path, links: &mut usize) -> Result<PathBuf> {
    let look = |path: &Path| {
        let metadata = fs::symlink_metadata(path);
        metadata.with_context(|| format!("failed to read {}", path.display()))
    };
    let mut here = PathBuf::from("/");
    for component in path.components() {
        let name = match component {
            Component::Normal(name) => name,
            Component::ParentDir => {
                here.pop();
                continue;
            }
            _ => continue,
        };
        let folder = look(&here)?;
        let next = here.join(name);
        let entry = look(&next)?;
        let is_kept = folder.mode() & STICKY != 0 && entry.is_dir();
        if folder.mode() & OTHERS_WRITE != 0 && !is_kept {
            return Err(others_write(named, &here));
        }
        check_owner(named, &next, &entry)?;
        here = match entry.is_symlink() {
            false => next,
            true => {
                *links += 1;
                if *links > MOST_LINKS {
                    bail!("too many links on the way to {}", named.display());
                }
                walk(&here.join(fs::read_link(&next)?), named, links)?
            }
        };
    }
    let end = look(&here)?;
    if end.mode() & OTHERS_WRITE != 0 && !end.is_symlink() {
        return Err(others_write(named, &here));
    }
    Ok(here)
}

fn others_write(named: &Path, entry: &Path) -> anyhow::Error {
    let what = format!(
        "others than root may write {}, so root does not follow {}",
        entry.display(),
        it(named, entry)
    );
    Failure::new(
        what,
        shell::command(&["chmod".as_ref(), "go-w".as_ref(), entry.as_ref()]),
    )
    .into()
}

fn check_owner(named: &Path, entry: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.uid() == 0 {
        return Ok(());
    }
    let what = format!(
        "{} is the user {}'s, so root does not follow {}",
        entry.display(),
        metadata.uid(),
        it(named, entry)
    );
    let chown = shell::command(&[
        "chown".as_ref(),
        "-h".as_ref(),
        "root".as_ref(),
        entry.as_ref(),
    ]);
    Err(Failure::new(what, chown).into())
}

fn it(named: &Path, entry: &Path) -> String {
    match named == entry {
        true => "it".to_owned(),
        false => named.display().to_string(),
    }
}
