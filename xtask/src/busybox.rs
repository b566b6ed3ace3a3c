//! busybox: a shell and its commands in one file.

use std::path::PathBuf;

use crate::elf;
use crate::path;

/// The one on PATH that needs no library. Some systems name it apart from one
/// that does.
pub(crate) fn find() -> Option<PathBuf> {
    ["busybox.static", "busybox-static", "busybox"]
        .into_iter()
        .filter_map(path::find)
        .find(|program| elf::assert_static(program).is_ok())
}
