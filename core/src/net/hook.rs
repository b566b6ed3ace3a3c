//! Hooks of the network for which libbpf-rs has no call.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use bpfapps_diagnose::InterfaceHook;
use libbpf_rs::ProgramMut;
use libbpf_rs::libbpf_sys::{
    BPF_TC_INGRESS, BPF_TCX_EGRESS, BPF_TCX_INGRESS, BPF_XDP, bpf_link_create,
    bpf_link_create_opts, bpf_tc_hook, bpf_tc_hook_create,
};
use nix::errno::Errno;
use nix::libc::{self, SO_ATTACH_BPF, SOL_SOCKET};

/// Attaches `program` to a hook of the interface with that index, for as long as the link lives: it
/// dies with the process at the latest.
///
/// # Errors
///
/// `EOPNOTSUPP` if the driver has no such hook, `EINVAL` if the kernel has none, `EBUSY` if it is taken.
pub(super) fn attach(
    hook: InterfaceHook,
    program: &ProgramMut<'_>,
    interface: i32,
) -> io::Result<OwnedFd> {
    // XDP_FLAGS_DRV_MODE and XDP_FLAGS_SKB_MODE
    let (kind, flags) = match hook {
        InterfaceHook::XdpNative => (BPF_XDP, 1 << 2),
        InterfaceHook::XdpSkb => (BPF_XDP, 1 << 1),
        InterfaceHook::TcxIngress => (BPF_TCX_INGRESS, 0),
        InterfaceHook::TcxEgress => (BPF_TCX_EGRESS, 0),
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

/// Makes `program` decide which packets `socket` gets, for as long as that is open.
///
/// # Errors
///
/// The kernel's error: `EPERM` if the socket's filter is locked.
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
/// The kernel's error.
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
