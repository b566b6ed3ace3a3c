//! Programs on PATH, and the rights to install more.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders that may be on root's PATH only, as on Debian.
const ROOTS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// True if a program of this name can be run.
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// True if root can run a program of this name.
pub fn root_has(program: &str) -> bool {
    has(program)
        || ROOTS
            .iter()
            .any(|dir| is_program(&Path::new(dir).join(program)))
}

/// The program that a shell would run by this name.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| is_program(file))
}

/// False for a directory, or a file that may not be executed.
fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The cargo that runs this task, so that its toolchain stays the same.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// True if this process runs as root.
pub fn is_root() -> bool {
    // `Uid: real effective saved file`
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|ids| ids.split_whitespace().nth(1))
            == Some("0")
    })
}

/// The words to put before a command that needs root; `None` without sudo.
pub fn root_prefix() -> Option<&'static [&'static str]> {
    if is_root() {
        Some(&[])
    } else if !has("sudo") {
        None
    } else if io::stderr().is_terminal() {
        Some(&["sudo"])
    } else {
        // without a terminal no password can be typed
        Some(&["sudo", "--non-interactive"])
    }
}
