#![allow(unsafe_code)]

use std::os::fd::{FromRawFd as _, OwnedFd};

use bpfapps_explain::Failure;
use libbpf_rs::libbpf_sys::{BPF_STATS_RUN_TIME, bpf_enable_stats};
use nix::errno::Errno;

/// While this exists, the kernel counts the runs of all BPF programs of the machine, and their time:
/// that adds a small cost to each run.
#[derive(Debug)]
pub struct RunStatistics {
    _open: OwnedFd,
}

impl RunStatistics {
    /// Lets the kernel count from now on, since Linux 5.8.
    ///
    /// # Errors
    ///
    /// It refuses: it requires CAP_SYS_ADMIN.
    pub fn enable() -> Result<Self, Failure> {
        // SAFETY: it takes a number, and returns a descriptor of ours or a negative number.
        let fd = unsafe { bpf_enable_stats(BPF_STATS_RUN_TIME) };
        if fd < 0 {
            let error = Errno::from_raw(-fd);
            let message = format!("failed to measure the runs of BPF programs: {error}");
            return Err(Failure::new(
                message,
                "it needs Linux 5.8 and CAP_SYS_ADMIN",
            ));
        }
        // SAFETY: it is open, and nobody else knows it.
        let open = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { _open: open })
    }
}
