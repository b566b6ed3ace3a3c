use std::fs::{File, Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context, Result, bail};
use bpfapps_core::Failure;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

/// More than any configuration needs, in KiB.
const LARGEST: u64 = 64;

/// The text of a configuration, if it is one that may decide what this process does.
///
/// # Errors
///
/// It can't be read, it is no text, or it is root who reads it and others may write it.
pub(crate) fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let cannot = || format!("failed to read {shown}");
    let file = OpenOptions::new()
        .read(true)
        // a pipe that nobody writes to would be waited for
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    if !metadata.is_file() {
        bail!("{shown} is no regular file");
    }
    if geteuid().is_root() {
        check_owner(path, &metadata)?;
    }
    let bytes = read_bounded(&file).with_context(cannot)?;
    if bytes.len() as u64 > LARGEST * 1024 {
        bail!("{shown} is larger than {LARGEST} KiB");
    }
    String::from_utf8(bytes).map_err(|err| {
        let valid = &err.as_bytes()[..err.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        anyhow::anyhow!("{shown}:{line}: not UTF-8")
    })
}

fn read_bounded(file: &File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST * 1024 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whoever writes the file of a process of root has a say in what root does.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<()> {
    let shown = path.display();
    let (owner, mode) = (metadata.uid(), metadata.mode());
    let (what, hint) = match (owner, mode & 0o022) {
        (0, 0) => return Ok(()),
        (0, _) => (
            format!("others than root may write {shown}, so root does not follow it"),
            format!("chmod go-w {shown}"),
        ),
        _ => (
            format!("{shown} is the user {owner}'s, so root does not follow it"),
            format!("chown root {shown} && chmod go-w {shown}"),
        ),
    };
    Err(Failure::new(what, hint).into())
}
