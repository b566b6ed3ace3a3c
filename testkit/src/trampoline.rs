//! Tests whether the kernel accepts BPF programs in its functions.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::ptr;

use anyhow::Result;
use libbpf_rs::libbpf_sys as sys;

use crate::skip;

/// Skips the test on a kernel that refuses fentry programs.
///
/// # Errors
///
/// That it refuses.
pub fn needs_fentry() -> Result<()> {
    match attach(
        sys::BPF_PROG_TYPE_TRACING,
        sys::BPF_TRACE_FENTRY,
        c"vfs_read",
    ) {
        Ok(()) => Ok(()),
        Err(err) => skip(format!("this kernel refuses fentry programs: {err}")),
    }
}

/// Skips the test on a kernel that refuses LSM programs.
///
/// # Errors
///
/// That it refuses.
pub fn needs_lsm() -> Result<()> {
    match attach(sys::BPF_PROG_TYPE_LSM, sys::BPF_LSM_MAC, c"path_truncate") {
        Ok(()) => Ok(()),
        Err(err) => skip(format!("this kernel refuses LSM programs: {err}")),
    }
}

/// Loads a program that only returns 0, attaches it, and detaches it.
fn attach(kind: sys::bpf_prog_type, to: sys::bpf_attach_type, hook: &CStr) -> io::Result<()> {
    let [set, exit] = [0xb7, 0x95].map(|code| sys::bpf_insn {
        code,
        ..Default::default()
    });
    let code = [set, exit];
    // SAFETY: a C string, and a number.
    let id = descriptor(unsafe { sys::libbpf_find_vmlinux_btf_id(hook.as_ptr(), to) })?;
    let mut opts = sys::bpf_prog_load_opts {
        sz: size_of::<sys::bpf_prog_load_opts>() as u64,
        expected_attach_type: to,
        attach_btf_id: id.cast_unsigned(),
        ..Default::default()
    };
    // SAFETY: C strings, and so many instructions as are there; all outlive the call.
    let program = descriptor(unsafe {
        sys::bpf_prog_load(
            kind,
            c"probe".as_ptr(),
            c"GPL".as_ptr(),
            code.as_ptr(),
            2,
            &mut opts,
        )
    })?;
    // SAFETY: a descriptor of our own.
    let _program = unsafe { OwnedFd::from_raw_fd(program) };
    // SAFETY: no name is needed for one that has been loaded for its hook.
    let link = descriptor(unsafe { sys::bpf_raw_tracepoint_open(ptr::null(), program) })?;
    // SAFETY: a descriptor of our own.
    drop(unsafe { OwnedFd::from_raw_fd(link) });
    Ok(())
}

/// libbpf answers errors as negative numbers.
fn descriptor(answer: i32) -> io::Result<i32> {
    match answer {
        0.. => Ok(answer),
        _ => Err(io::Error::from_raw_os_error(-answer)),
    }
}
