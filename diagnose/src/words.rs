//! libbpf's messages: printed, or collected during an operation that can fail.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Error;
use libbpf_rs::PrintLevel;
use libbpf_rs::libbpf_sys::{__va_list_tag, libbpf_print_level, libbpf_set_print};
use log::{debug, info, warn};

use crate::Verdict;

/// True if all messages are wanted. If false, only warnings are formatted.
static ALL: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Thread-local, because libbpf calls back in the loading thread, without a context pointer.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Forwards libbpf's messages to the `log` crate: only warnings, or `all`.
pub fn listen(all: bool) {
    ALL.store(all, Ordering::Relaxed);
    // SAFETY: the callback has the signature that libbpf requires. The one in libbpf-rs panics
    // inside C code if a message is not UTF-8.
    unsafe { libbpf_set_print(Some(said)) };
}

/// Must not unwind, because the caller is C.
unsafe extern "C" fn said(
    level: libbpf_print_level,
    format: *const c_char,
    args: *mut __va_list_tag,
) -> c_int {
    let level = PrintLevel::from(level);
    if level == PrintLevel::Warn || ALL.load(Ordering::Relaxed) || keeps_logs() {
        // SAFETY: libbpf passes the format with matching arguments.
        let text = unsafe { vsprintf::vsprintf_raw(format, args.cast::<c_void>()) };
        // names and source lines come from the object, and can be invalid UTF-8
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let _ = catch_unwind(AssertUnwindSafe(|| take(level, text)));
    }
    0
}

/// Collects a message if this thread does so, or else prints it.
fn take(level: PrintLevel, text: String) {
    KEPT.with_borrow_mut(|kept| {
        let Some(kept) = kept else {
            return print(level, &text);
        };
        // with all messages on, print at once to preserve the order
        if !kept.is_silent && ALL.load(Ordering::Relaxed) {
            print(level, &text);
        }
        let is_log = || kept.has_logs && text.contains("-- BEGIN PROG LOAD LOG --");
        if level == PrintLevel::Warn || is_log() {
            kept.messages.push(text);
        }
    });
}

fn print(level: PrintLevel, text: &str) {
    // one message can have several lines, such as the verifier log
    for line in text.lines() {
        let line = line.strip_prefix("libbpf: ").unwrap_or(line);
        match level {
            PrintLevel::Debug => debug!(target: "libbpf", "{line}"),
            PrintLevel::Info => info!(target: "libbpf", "{line}"),
            PrintLevel::Warn => warn!(target: "libbpf", "{line}"),
        }
    }
}

/// libbpf's warnings during an operation, to print if they are not explained.
#[derive(Debug, Default)]
#[must_use]
pub struct Kept {
    messages: Vec<String>,
    is_silent: bool,
    /// True if the verifier logs of programs that load are kept as well.
    has_logs: bool,
}

/// Calls `action`, and collects libbpf's warnings.
pub fn keep<T>(action: impl FnOnce() -> T) -> (T, Kept) {
    kept(action, Kept::default())
}

/// The same without printing anything, and with the verifier logs of programs that load.
pub fn keep_logs<T>(action: impl FnOnce() -> T) -> (T, Kept) {
    let kept = Kept {
        is_silent: true,
        has_logs: true,
        ..Kept::default()
    };
    self::kept(action, kept)
}

/// Calls `action` without printing libbpf's messages, for an expected failure.
pub fn silently<T>(action: impl FnOnce() -> T) -> T {
    let kept = Kept {
        is_silent: true,
        ..Kept::default()
    };
    self::kept(action, kept).0
}

fn keeps_logs() -> bool {
    KEPT.with_borrow(|kept| kept.as_ref().is_some_and(|kept| kept.has_logs))
}

fn kept<T>(action: impl FnOnce() -> T, mut new: Kept) -> (T, Kept) {
    // SAFETY: as in `listen`, which may not have been called.
    unsafe { libbpf_set_print(Some(said)) };
    let outer = KEPT.take();
    new.is_silent |= outer.as_ref().is_some_and(|outer| outer.is_silent);
    KEPT.set(Some(new));
    let done = action();
    (done, KEPT.replace(outer).unwrap_or_default())
}

impl Kept {
    /// The messages; each can have several lines.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Prints the messages, unless they were printed on arrival.
    pub fn print(self) {
        if !self.is_silent && !ALL.load(Ordering::Relaxed) {
            self.messages
                .iter()
                .for_each(|text| print(PrintLevel::Warn, text));
        }
    }

    /// Prints the messages that the verdict does not explain, and returns its error.
    pub fn tell(mut self, verdict: Verdict) -> Error {
        self.messages = verdict.untold;
        self.print();
        verdict.error
    }
}
