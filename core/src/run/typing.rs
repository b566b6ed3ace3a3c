//! Denies TIOCSTI to a command that shares a terminal with another user: it could type commands
//! into it. A session of its own would take job control and Ctrl-C from it.
#![allow(unsafe_code)]

use std::mem::offset_of;

use nix::errno::Errno;
use nix::libc::{
    BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    SECCOMP_SET_MODE_FILTER, SYS_ioctl, SYS_seccomp, TIOCLINUX, TIOCSTI, seccomp_data, sock_filter,
    sock_fprog, syscall,
};
use nix::sys::prctl::set_no_new_privs;

/// The numbers of ioctl(2): of this architecture, of its 32-bit programs (x86 and arm), and the two of
/// x32. In another of these ABIs such a number is a call that makes no sense with such an argument.
const CALLS: [u32; 4] = [SYS_ioctl as u32, 54, 0x4000_0000 | 16, 0x4000_0000 | 514];

/// The requests that type or paste into a terminal.
const REQUESTS: [u32; 2] = [TIOCSTI as u32, TIOCLINUX as u32];

/// The filter, built before fork(2): few calls are safe in the child.
pub(super) fn filter() -> Vec<sock_filter> {
    let load = |offset: usize| statement(BPF_LD | BPF_W | BPF_ABS, offset as u32);
    // the kernel compares the lower half of a request
    let low = if cfg!(target_endian = "little") { 0 } else { 4 };
    let request = offset_of!(seccomp_data, args) + size_of::<u64>() + low;
    [
        one_of(load(request), &REQUESTS),
        one_of(load(offset_of!(seccomp_data, nr)), &CALLS),
        vec![statement(BPF_RET, SECCOMP_RET_ERRNO | Errno::EPERM as u32)],
    ]
    .concat()
}

/// Continues if the value loaded by `load` is one of `values`, else allows the call.
fn one_of(load: sock_filter, values: &[u32]) -> Vec<sock_filter> {
    let mut part = vec![load];
    for (index, &value) in values.iter().enumerate() {
        part.push(sock_filter {
            // skips the remaining comparisons and the end
            jt: (values.len() - index) as u8,
            ..statement(BPF_JMP | BPF_JEQ | BPF_K, value)
        });
    }
    part.push(statement(BPF_RET, SECCOMP_RET_ALLOW));
    part
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

/// Applies the filter to this thread and to the programs that it executes. Without CAP_SYS_ADMIN
/// the command can no longer use setuid programs.
pub(super) fn deny(filter: &[sock_filter]) -> nix::Result<()> {
    match install(filter) {
        Err(Errno::EACCES) => set_no_new_privs().and_then(|()| install(filter)),
        done => done,
    }
}

fn install(filter: &[sock_filter]) -> nix::Result<()> {
    let program = sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the filter, and does not write to it.
    let result = unsafe { syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(result).map(drop)
}
