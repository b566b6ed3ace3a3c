//! Asks the kernel for one function: writing all of /proc/kallsyms takes it much longer.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc::{SYS_perf_event_open, syscall};

use super::PERF;

/// What the kernel knows of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// One function has it.
    One,
    /// One has it, to which the kernel attaches no kprobe: it is inline, or marked so.
    Untraced,
    /// Several functions have it: no kprobe can be put on one of them.
    Several,
    /// None has it.
    None,
}

/// `struct perf_event_attr` as far as kprobes need it (`PERF_ATTR_SIZE_VER1`).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    /// The address of the function's name.
    function: u64,
    offset: u64,
}

/// On every processor, in the first of them.
const EVERYTHING: i32 = -1;
const FIRST_CPU: i32 = 0;
const NO_GROUP: i32 = -1;

/// A probe that the kernel always refuses, with the answer for a function that is there.
#[derive(Clone, Copy)]
struct Question {
    config: u64,
    there: Errno,
}

/// At the return of a function, but not at its begin: it looks for the function first.
const IS_THERE: Question = Question {
    config: 1,
    there: Errno::EINVAL,
};

/// In the middle of an instruction: a function that is traced begins with one of several bytes on
/// this processor, and the kernel first looks whether it is traced.
const IS_TRACED: Question = Question {
    config: 0,
    there: Errno::EILSEQ,
};

/// What the kernel says about `name`; `None` if it can't be asked, for want of rights or of kprobes.
pub(super) fn about(name: &str) -> Option<Answer> {
    static KIND: OnceLock<Option<u32>> = OnceLock::new();
    static TELLS_TRACED: OnceLock<bool> = OnceLock::new();
    const THERE: &str = "vfs_read";
    // only a kernel that tells what is there from what is not is believed
    let kind = KIND.get_or_init(|| {
        let kind = fs::read_to_string(Path::new(PERF).join("kprobe/type")).ok()?;
        let kind = kind.trim().parse().ok()?;
        let answers = [THERE, "bpfapps_is_no_function"].map(|name| ask(kind, IS_THERE, name));
        (answers == [Some(Answer::One), Some(Answer::None)]).then_some(kind)
    });
    let kind = (*kind)?;
    let found = ask(kind, IS_THERE, name)?;
    let is_traced = || ask(kind, IS_TRACED, THERE) == Some(Answer::One);
    // a part of a function may begin with any instruction
    let is_whole = found == Answer::One && !name.contains('.');
    let is_told = cfg!(target_arch = "x86_64") && is_whole;
    match is_told && *TELLS_TRACED.get_or_init(is_traced) {
        true => ask(kind, IS_TRACED, name).or(Some(found)),
        false => Some(found),
    }
}

fn ask(kind: u32, question: Question, name: &str) -> Option<Answer> {
    let name = CString::new(name).ok()?;
    let attributes = Attributes {
        kind,
        size: size_of::<Attributes>() as u32,
        config: question.config,
        function: name.as_ptr() as u64,
        offset: 1,
        ..Attributes::default()
    };
    // SAFETY: the kernel reads the attributes and the name, which live until it returns.
    let opened = unsafe {
        syscall(
            SYS_perf_event_open,
            &raw const attributes,
            EVERYTHING,
            FIRST_CPU,
            NO_GROUP,
            0_u64,
        )
    };
    match Errno::result(opened) {
        Err(Errno::ENOENT) => Some(Answer::None),
        Err(Errno::EADDRNOTAVAIL) => Some(Answer::Several),
        Err(errno) if errno == question.there => Some(Answer::One),
        Err(Errno::EINVAL) => Some(Answer::Untraced),
        Err(_) => None,
        Ok(opened) => {
            // SAFETY: the kernel has just opened it, and nobody else knows its number.
            drop(unsafe { OwnedFd::from_raw_fd(opened as i32) });
            None
        }
    }
}
