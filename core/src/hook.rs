//! Links to the hooks of a network interface, with the options for which libbpf-rs has no call.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};

use libbpf_rs::ProgramMut;
use libbpf_rs::libbpf_sys::{
    BPF_TCX_EGRESS, BPF_TCX_INGRESS, BPF_XDP, bpf_link_create, bpf_link_create_opts,
};

/// Where a program sees the packets of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// XDP in the driver, before the kernel has made a packet of what came
    XdpNative,
    /// XDP behind it: slower, for any driver
    XdpSkb,
    /// What comes in, in tc: Linux 6.6
    TcxIngress,
    /// What goes out, in tc: Linux 6.6
    TcxEgress,
}

impl Hook {
    /// Attaches `program` to the interface with that index, for as long as the link lives: it dies
    /// with the process at the latest.
    ///
    /// # Errors
    ///
    /// What the kernel says: `EOPNOTSUPP` where the driver has no such hook, `EINVAL` where the
    /// kernel has none, `EBUSY` where it is taken.
    pub fn attach(self, program: &ProgramMut<'_>, interface: i32) -> io::Result<OwnedFd> {
        // XDP_FLAGS_DRV_MODE and XDP_FLAGS_SKB_MODE
        let (kind, flags) = match self {
            Self::XdpNative => (BPF_XDP, 1 << 2),
            Self::XdpSkb => (BPF_XDP, 1 << 1),
            Self::TcxIngress => (BPF_TCX_INGRESS, 0),
            Self::TcxEgress => (BPF_TCX_EGRESS, 0),
        };
        let options = bpf_link_create_opts {
            sz: size_of::<bpf_link_create_opts>() as _,
            flags,
            ..bpf_link_create_opts::default()
        };
        // SAFETY: the program is open for as long as the call takes, and so are the options.
        let fd = unsafe {
            bpf_link_create(
                program.as_fd().as_raw_fd(),
                interface,
                kind,
                &raw const options,
            )
        };
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(-fd));
        }
        // SAFETY: the kernel has just made it, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
