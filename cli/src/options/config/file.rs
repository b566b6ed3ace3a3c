use std::path::Path;

use anyhow::Result;
use bpfapps_host::files;
use nix::unistd::geteuid;

/// More than any configuration needs, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The text of a configuration, if it is one that may decide what this process does.
///
/// # Errors
///
/// It can't be read, it is no text, or it is root who reads it and others may write it.
pub(crate) fn read(path: &Path) -> Result<String> {
    // reports anything but a regular file
    files::open(path, LARGEST)?;
    // root's process obeys the file, so only root may write it
    if geteuid().is_root() {
        files::is_roots_alone(path)?;
    }
    let bytes = files::read(path, LARGEST)?;
    String::from_utf8(bytes).map_err(|err| {
        let valid = &err.as_bytes()[..err.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count();
        anyhow::anyhow!("{}:{line}: not UTF-8", path.display())
    })
}
