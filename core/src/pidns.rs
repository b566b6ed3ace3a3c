//! Which PID namespace this process counts its pid in: the other half of `bpfapps/pidns.h`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context, Result};

/// The inode of the host's PID namespace, the same on every Linux (PROC_PID_INIT_INO).
const HOST: u64 = 0xefff_fffc;

/// A PID namespace, as `bpf_get_ns_current_pid_tgid` wants it named.
#[derive(Debug)]
pub struct PidNamespace {
    /// The device of the namespace, in the kernel's own packing.
    pub dev: u64,
    /// The inode of the namespace.
    pub ino: u64,
}

/// The namespace of this process; zeros where that is the host's.
///
/// # Errors
///
/// /proc is not mounted.
pub fn own() -> Result<PidNamespace> {
    let path = "/proc/self/ns/pid";
    let metadata = fs::metadata(path).with_context(|| format!("failed to read {path}"))?;
    Ok(match metadata.ino() {
        HOST => PidNamespace { dev: 0, ino: 0 },
        ino => PidNamespace {
            dev: kernel_dev(metadata.dev()),
            ino,
        },
    })
}

/// stat(2) packs device numbers in another way than the kernel does inside (MKDEV).
fn kernel_dev(dev: u64) -> u64 {
    let major = (dev >> 8) & 0xfff | (dev >> 32) & !0xfff;
    let minor = dev & 0xff | (dev >> 12) & 0xffff_ff00;
    major << 20 | minor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_are_packed_as_inside_the_kernel() {
        assert_eq!(kernel_dev(0x04), 0x04);
        // major 0, minor 0x123: stat(2) moves the upper bits of the minor up
        assert_eq!(kernel_dev(0x0010_0023), 0x123);
        assert_eq!(kernel_dev(0x0803), 8 << 20 | 3);
    }
}
