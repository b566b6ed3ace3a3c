//! The programs beside minimal.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::mem::offset_of;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use nix::libc;

/// Reads the trace as everybody does, and takes its lines away.
pub(crate) fn read_trace_pipe(_: &[String]) -> Result<()> {
    let pipe = File::open("/sys/kernel/tracing/trace_pipe").context("failed to open trace_pipe")?;
    let mut stdout = stdout().lock();
    writeln!(stdout, "reading")?;
    stdout.flush()?;
    for line in BufReader::new(pipe).lines() {
        writeln!(stdout, "{}", line?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// Becomes the command in the arguments, with a seccomp filter that refuses each write(2) of a
/// single byte: it never gets to the tracepoint.
pub(crate) fn refuse_single_bytes(args: &[String]) -> Result<()> {
    let [program, args @ ..] = args else {
        bail!("a command")
    };
    let load = |offset: usize| {
        (
            libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
            0,
            0,
            offset as u32,
        )
    };
    // skip `else_` instructions where the word is another one
    let equal =
        |word: u32, else_: u8| (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, else_, word);
    let end = |action: u32| (libc::BPF_RET | libc::BPF_K, 0, 0, action);
    let mut filter = [
        load(offset_of!(libc::seccomp_data, nr)),
        equal(libc::SYS_write as u32, 3),
        load(offset_of!(libc::seccomp_data, args) + 2 * size_of::<u64>()),
        equal(1, 1),
        end(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        end(libc::SECCOMP_RET_ALLOW),
    ]
    .map(|(code, jt, jf, k)| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    });
    let program_of_filter = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the filter, which lives until the call is over.
    let status = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program_of_filter,
        )
    };
    ensure!(status == 0, "seccomp: {}", std::io::Error::last_os_error());
    let err = Command::new(program)
        .args(args)
        .env_remove("BPFAPPS_FIXTURE")
        .exec();
    Err(err).with_context(|| format!("failed to run {program}"))
}
