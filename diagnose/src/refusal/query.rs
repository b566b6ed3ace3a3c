//! Queries for attached programs that libbpf-rs does not support.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use libbpf_rs::ProgramAttachType;
use libbpf_rs::libbpf_sys::{
    BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE, bpf_prog_query, bpf_xdp_query_id,
};

/// The XDP program of an interface.
pub(super) fn xdp_program(interface: i32) -> Option<u32> {
    let mut id = 0;
    // SAFETY: libbpf writes only the id, during the call.
    let result = unsafe { bpf_xdp_query_id(interface, 0, &raw mut id) };
    (result == 0 && id != 0).then_some(id)
}

/// The programs attached directly to a cgroup.
pub(super) struct Attached {
    pub(super) programs: Vec<u32>,
    /// Others can be attached to the same cgroup.
    pub(super) multi: bool,
    /// Others can override it in descendants.
    pub(super) overridable: bool,
}

/// The programs of one attach type on a cgroup.
pub(super) fn cgroup_programs(
    cgroup: BorrowedFd<'_>,
    kind: &ProgramAttachType,
) -> io::Result<Attached> {
    // the kernel's maximum
    let mut programs = vec![0; 64];
    let (mut flags, mut count) = (0, 64);
    // SAFETY: the kernel writes at most `count` ids, during the call.
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
