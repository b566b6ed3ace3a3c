//! A program of the test's own, which runs as often as the test says.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr;

use anyhow::{Result, ensure};
use libbpf_rs::libbpf_sys::{
    BPF_ALU64, BPF_EXIT, BPF_JMP, BPF_K, BPF_MOV, BPF_PROG_TYPE_SOCKET_FILTER, bpf_insn,
    bpf_prog_load, bpf_prog_test_run_opts, bpf_test_run_opts,
};

/// A socket filter that returns 0.
pub(crate) struct Filter(OwnedFd);

impl Filter {
    pub(crate) fn load(name: &str) -> Result<Self> {
        let insn = |code| bpf_insn {
            code,
            ..bpf_insn::default()
        };
        let insns = [
            insn((BPF_ALU64 | BPF_MOV | BPF_K) as u8),
            insn((BPF_JMP | BPF_EXIT) as u8),
        ];
        let (name, license) = (CString::new(name)?, c"GPL");
        // SAFETY: libbpf reads two strings and two instructions.
        let fd = unsafe {
            bpf_prog_load(
                BPF_PROG_TYPE_SOCKET_FILTER,
                name.as_ptr(),
                license.as_ptr(),
                insns.as_ptr(),
                insns.len() as u64,
                ptr::null_mut(),
            )
        };
        ensure!(fd >= 0, "failed to load a program: {fd}");
        // SAFETY: it is open, and nobody else knows it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(crate) fn run(&self, times: i32) -> Result<()> {
        let packet = [0_u8; 64];
        let mut options = bpf_test_run_opts {
            sz: size_of::<bpf_test_run_opts>() as u64,
            data_in: packet.as_ptr().cast(),
            data_size_in: packet.len() as u32,
            repeat: times,
            ..bpf_test_run_opts::default()
        };
        // SAFETY: the kernel reads the packet.
        let failed = unsafe { bpf_prog_test_run_opts(self.0.as_raw_fd(), &mut options) };
        ensure!(failed == 0, "failed to run a program: {failed}");
        Ok(())
    }
}
