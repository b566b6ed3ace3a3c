//! Commands for hints that work where they are printed, and not only where the binary is in PATH.

use std::env;
use std::path::Path;

use bpfapps_core::registry;
use bpfapps_host::shell;

use crate::Binary;

/// Set by `cargo xtask`, which runs a binary from the target folder.
const XTASK: &str = "BPFAPPS_XTASK";

/// The command that runs this program again: as it was called.
pub(crate) fn again(binary: &Binary) -> String {
    if env::var_os(XTASK).is_some() {
        return "cargo xtask run".to_owned();
    }
    let Some(called) = env::args_os().next() else {
        return binary.name.to_owned();
    };
    let name = Path::new(&called).file_name();
    // a link to an app has none of the other commands
    let is_app =
        registry().is_ok_and(|apps| apps.iter().any(|app| name == Some(app.name.as_ref())));
    match env::current_exe() {
        Ok(own) if is_app => shell::word(own.as_ref()),
        _ => shell::word(&called),
    }
}

/// The command that shows the page of a code.
pub(crate) fn explain(binary: &Binary) -> String {
    match env::var_os(XTASK) {
        Some(_) => "cargo xtask explain".to_owned(),
        None => format!("{} explain", again(binary)),
    }
}
