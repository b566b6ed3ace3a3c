//! Hooks of the network for which libbpf-rs has no call.
#![allow(unsafe_code)]

use std::fmt;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use libbpf_rs::libbpf_sys::{
    BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE, BPF_TC_INGRESS, BPF_TCX_EGRESS, BPF_TCX_INGRESS,
    BPF_XDP, bpf_link_create, bpf_link_create_opts, bpf_prog_query, bpf_tc_hook,
    bpf_tc_hook_create, bpf_xdp_query_id,
};
use libbpf_rs::{ProgramAttachType, ProgramMut};
use nix::errno::Errno;
use nix::libc::{self, SO_ATTACH_BPF, SOL_SOCKET};

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

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XdpNative => "native XDP",
            Self::XdpSkb => "generic XDP",
            Self::TcxIngress => "tcx ingress",
            Self::TcxEgress => "tcx egress",
        })
    }
}

/// The XDP program of an interface.
pub(crate) fn xdp_program(interface: i32) -> Option<u32> {
    let mut id = 0;
    // SAFETY: libbpf writes the number, while the call lasts.
    let result = unsafe { bpf_xdp_query_id(interface, 0, &raw mut id) };
    (result == 0 && id != 0).then_some(id)
}

/// What is attached to a cgroup itself.
pub(crate) struct Attached {
    pub(crate) programs: Vec<u32>,
    /// Others may be attached there, too
    pub(crate) multi: bool,
    /// Others may be attached in its place below
    pub(crate) overridable: bool,
}

/// The programs of one kind that are attached to a cgroup.
pub(crate) fn cgroup_programs(
    cgroup: BorrowedFd<'_>,
    kind: &ProgramAttachType,
) -> io::Result<Attached> {
    // the kernel allows no more
    let mut programs = vec![0; 64];
    let (mut flags, mut count) = (0, 64);
    // SAFETY: the kernel writes no more numbers than `count` says, while the call lasts.
    let result = unsafe {
        bpf_prog_query(
            cgroup.as_raw_fd(),
            kind.clone() as u32,
            0,
            &raw mut flags,
            programs.as_mut_ptr(),
            &raw mut count,
        )
    };
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    programs.truncate(count as usize);
    Ok(Attached {
        programs,
        multi: flags & BPF_F_ALLOW_MULTI != 0,
        overridable: flags & BPF_F_ALLOW_OVERRIDE != 0,
    })
}

/// Makes `program` decide which packets `socket` gets, for as long as that is open.
///
/// # Errors
///
/// What the kernel says: `EPERM` where the socket's filter is locked.
pub fn filter_socket(socket: BorrowedFd<'_>, program: &ProgramMut<'_>) -> io::Result<()> {
    let program = program.as_fd().as_raw_fd();
    // SAFETY: the kernel reads as many bytes as the number has, while the call lasts.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            SOL_SOCKET,
            SO_ATTACH_BPF,
            (&raw const program).cast(),
            size_of_val(&program) as libc::socklen_t,
        )
    };
    Ok(Errno::result(result).map(drop)?)
}

/// Gives an interface the place where filters of the classic tc go, and says whether it had none:
/// then it is for the caller to take away.
///
/// # Errors
///
/// What the kernel says.
pub fn create_clsact(interface: i32) -> io::Result<bool> {
    let mut hook = bpf_tc_hook {
        sz: size_of::<bpf_tc_hook>() as _,
        ifindex: interface,
        attach_point: BPF_TC_INGRESS,
        ..bpf_tc_hook::default()
    };
    // SAFETY: libbpf reads the hook, while the call lasts.
    match -unsafe { bpf_tc_hook_create(&raw mut hook) } {
        0 => Ok(true),
        libc::EEXIST => Ok(false),
        err => Err(io::Error::from_raw_os_error(err)),
    }
}
