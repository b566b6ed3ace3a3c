//! The namespaces of this process.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context, Result};

/// The inodes of the initial namespaces (include/linux/proc_ns.h): the same on every machine.
const INITIAL_PID: u64 = 0xefff_fffc;
const INITIAL_USER: u64 = 0xefff_fffd;

/// True if this process is in the machine's initial namespace of that kind (`pid`, `user`, `mnt`,
/// …); `None` if that is unknown.
pub fn is_initial(kind: &str) -> Option<bool> {
    let own = inode("self", kind)?;
    let initial = match kind {
        "pid" => INITIAL_PID,
        "user" => INITIAL_USER,
        _ => inode("1", kind)?,
    };
    Some(own == initial)
}

/// Which namespace of that kind a process is in; `None` where that does not show. `pid` may be
/// `self`.
pub fn inode(pid: &str, kind: &str) -> Option<u64> {
    let file = fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok()?;
    Some(file.ino())
}

/// A PID namespace, as `bpf_get_ns_current_pid_tgid` wants it named: the other half of
/// `bpfapps/pidns.h`.
#[derive(Debug)]
pub struct PidNamespace {
    /// The device of the namespace, in the kernel's own packing.
    pub dev: u64,
    /// The inode of the namespace.
    pub ino: u64,
}

impl PidNamespace {
    /// The one in which this process counts its pid; zeros where that is the host's.
    ///
    /// # Errors
    ///
    /// /proc is not mounted.
    pub fn own() -> Result<Self> {
        let path = "/proc/self/ns/pid";
        let metadata = fs::metadata(path).with_context(|| format!("failed to read {path}"))?;
        Ok(match metadata.ino() {
            INITIAL_PID => Self { dev: 0, ino: 0 },
            ino => Self {
                dev: kernel_dev(metadata.dev()),
                ino,
            },
        })
    }
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

    #[test]
    fn own_namespaces_are_known() {
        assert!(inode("self", "net").is_some());
        assert_eq!(inode("self", "no-such"), None);
    }
}
