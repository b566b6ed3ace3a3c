//! Numbers that the kernel gives, by the names that people know.

use std::borrow::Cow;
use std::str::FromStr as _;

use anyhow::{Context as _, Result, bail};
use bpfapps_explain::nearest;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use syscalls::Sysno;

/// The name of a signal on this architecture, such as `SIGKILL`.
pub fn signal_name(number: u32) -> Cow<'static, str> {
    // The two below are glibc's own.
    const SIGRTMIN: u32 = 34;
    match i32::try_from(number)
        .ok()
        .and_then(|number| Signal::try_from(number).ok())
    {
        Some(signal) => signal.as_str().into(),
        None if number == SIGRTMIN => "SIGRTMIN".into(),
        None if (SIGRTMIN..=64).contains(&number) => {
            format!("SIGRTMIN+{}", number - SIGRTMIN).into()
        }
        None => format!("signal {number}").into(),
    }
}

/// The name of an error number, such as `ENOENT`.
pub fn errno_name(number: u32) -> Cow<'static, str> {
    match i32::try_from(number).map(Errno::from_raw) {
        Ok(errno) if errno != Errno::UnknownErrno => format!("{errno:?}").into(),
        _ => format!("errno {number}").into(),
    }
}

/// The name of a system call on this architecture, such as `openat`.
pub fn syscall_name(number: u32) -> Cow<'static, str> {
    match Sysno::new(number as usize) {
        Some(call) => call.name().into(),
        None => format!("syscall {number}").into(),
    }
}

/// The number of a system call on this architecture.
///
/// # Errors
///
/// There is none of this name.
pub fn syscall_number(name: &str) -> Result<u32> {
    if let Ok(call) = Sysno::from_str(name) {
        return u32::try_from(call.id()).context("not a number of a system call");
    }
    let names = Sysno::iter().map(|call| call.name());
    match nearest(name, names).first() {
        Some(near) => bail!("no such system call; a similar one is `{near}`"),
        None => bail!("no such system call"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_a_name() {
        let names = [9, 11, 34, 64, 33].map(signal_name);
        assert_eq!(
            names,
            ["SIGKILL", "SIGSEGV", "SIGRTMIN", "SIGRTMIN+30", "signal 33"]
        );
    }

    #[test]
    fn every_system_call_has_a_name() {
        let getpid = u32::try_from(nix::libc::SYS_getpid).expect("a number");
        assert_eq!([getpid, 9999].map(syscall_name), ["getpid", "syscall 9999"]);
        assert_eq!(syscall_number("getpid").ok(), Some(getpid));
        let error = syscall_number("get_pid").map_err(|err| err.to_string());
        let similar = "no such system call; a similar one is `getpid`";
        assert_eq!(error, Err(similar.to_owned()));
    }

    #[test]
    fn every_error_has_a_name() {
        assert_eq!(
            [2, 8, 511].map(errno_name),
            ["ENOENT", "ENOEXEC", "errno 511"]
        );
    }
}
