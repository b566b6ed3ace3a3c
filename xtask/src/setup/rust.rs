//! Rust's standard library for another processor.

use std::time::Instant;

use anyhow::Result;
use bpfapps_task::Arch;

use super::install::needed;
use super::manager::CommandLine;
#[cfg(not(feature = "vm"))]
use crate::again;
use crate::{out, path};

/// The command that installs it.
pub(super) fn target_add(arch: Arch) -> CommandLine {
    CommandLine::new(&["rustup", "target", "add", arch.triple()])
}

/// Installs it by rustup, or keeps a rustc of Debian that has it.
pub(super) fn install(arch: Arch, deadline: Instant) -> Result<()> {
    if path::has("rustup") {
        match needed(&[arch.triple()], &target_add(arch), deadline) {
            Ok(()) => return Ok(()),
            Err(error) => out::note(format_args!("{error:#}")),
        }
    }
    #[cfg(feature = "vm")]
    return bpfapps_vm::rust(arch).map(drop);
    // the archive of Debian is known where its kernels are
    #[cfg(not(feature = "vm"))]
    Err(again::with(crate::vm::FEATURE))
}
