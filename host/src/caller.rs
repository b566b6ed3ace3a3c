//! The caller of this program, and privileges beyond the caller's.
#![allow(unsafe_code)]

use anyhow::{Context, Result, ensure};
use caps::{CapSet, CapsHashSet};
use nix::libc::{AT_SECURE, getauxval};
use nix::unistd::{getegid, geteuid, getgid, getuid};

/// True if this program may do more than its caller, because its file has capabilities. Then every
/// file, variable and option must be treated as the caller's.
pub fn has_less() -> bool {
    // SAFETY: it reads a number that the kernel has put beside the program's arguments.
    unsafe { getauxval(AT_SECURE) != 0 }
}

/// Refuses to run as a program that lends its owner's account, which is more than BPF ever needs.
///
/// # Errors
///
/// Its file has the bit setuid or setgid.
pub fn is_not_lent() -> Result<()> {
    ensure!(
        geteuid() == getuid() && getegid() == getgid(),
        "this program is setuid or setgid, which gives every user its owner's rights: remove the \
         bit with chmod ug-s, and see SECURITY.md on capabilities"
    );
    Ok(())
}

/// Calls `action` with the rights that the caller has as well: without the capabilities of the
/// program's file.
///
/// # Errors
///
/// The kernel does not take them away, or give them back.
pub fn act<T>(action: impl FnOnce() -> T) -> Result<T> {
    if !has_less() {
        return Ok(action());
    }
    let own = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    let set = |capabilities: &CapsHashSet| {
        caps::set(None, CapSet::Effective, capabilities)
            .context("failed to change own capabilities")
    };
    set(&CapsHashSet::new())?;
    let done = action();
    set(&own)?;
    Ok(done)
}
