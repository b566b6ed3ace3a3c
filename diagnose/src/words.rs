//! What libbpf says: printed, or kept while something may fail.
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

/// Whether somebody wants to see all of it. libbpf formats each line before it calls back: lines
/// that nobody sees are not asked for.
static ALL: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// libbpf calls back in the thread that loads, with nothing to find the way back by.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Hands what libbpf says to the `log` crate: its warnings, or `all`.
pub fn listen(all: bool) {
    ALL.store(all, Ordering::Relaxed);
    // SAFETY: the callback has the signature that libbpf calls it with. libbpf-rs has one, too, which
    // panics in the middle of C code where a text is no UTF-8.
    unsafe { libbpf_set_print(Some(said)) };
}

/// Nothing unwinds from here: the caller is C.
unsafe extern "C" fn said(
    level: libbpf_print_level,
    format: *const c_char,
    args: *mut __va_list_tag,
) -> c_int {
    let level = PrintLevel::from(level);
    if level == PrintLevel::Warn || ALL.load(Ordering::Relaxed) {
        // SAFETY: the format and its arguments are libbpf's, and belong together.
        let text = unsafe { vsprintf::vsprintf_raw(format, args.cast::<c_void>()) };
        // names and lines of source in it are the object's, and need be no text
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let _ = catch_unwind(AssertUnwindSafe(|| take(level, text)));
    }
    0
}

/// Keeps a message where this thread does so, or else prints it.
fn take(level: PrintLevel, text: String) {
    KEPT.with_borrow_mut(|kept| {
        let Some(kept) = kept else {
            return print(level, &text);
        };
        // who sees all sees it in its order
        if !kept.is_silent && ALL.load(Ordering::Relaxed) {
            print(level, &text);
        }
        if level == PrintLevel::Warn {
            kept.messages.push(text);
        }
    });
}

fn print(level: PrintLevel, text: &str) {
    // One message can have several lines: the verifier's log is a single one.
    for line in text.lines() {
        let line = line.strip_prefix("libbpf: ").unwrap_or(line);
        match level {
            PrintLevel::Debug => debug!(target: "libbpf", "{line}"),
            PrintLevel::Info => info!(target: "libbpf", "{line}"),
            PrintLevel::Warn => warn!(target: "libbpf", "{line}"),
        }
    }
}

/// What libbpf warned of while something was done, to be printed where it is not explained.
#[derive(Debug, Default)]
#[must_use]
pub struct Kept {
    messages: Vec<String>,
    is_silent: bool,
}

/// Calls `action`, and keeps the warnings of libbpf.
pub fn keep<T>(action: impl FnOnce() -> T) -> (T, Kept) {
    kept(action, false)
}

/// Calls `action`, whose failure is no news: nothing that libbpf says is printed.
pub fn silently<T>(action: impl FnOnce() -> T) -> T {
    kept(action, true).0
}

fn kept<T>(action: impl FnOnce() -> T, is_silent: bool) -> (T, Kept) {
    // SAFETY: as in `listen`, which need not have been called.
    unsafe { libbpf_set_print(Some(said)) };
    let outer = KEPT.take();
    let is_silent = is_silent || outer.as_ref().is_some_and(|outer| outer.is_silent);
    KEPT.set(Some(Kept {
        is_silent,
        ..Kept::default()
    }));
    let done = action();
    (done, KEPT.replace(outer).unwrap_or_default())
}

impl Kept {
    /// Each of them; one may have several lines.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Prints them, unless they were printed as they came.
    pub fn print(self) {
        if !self.is_silent && !ALL.load(Ordering::Relaxed) {
            self.messages
                .iter()
                .for_each(|text| print(PrintLevel::Warn, text));
        }
    }

    /// Prints those that a verdict on what failed does not tell, and returns its error.
    pub fn tell(mut self, verdict: Verdict) -> Error {
        self.messages = verdict.untold;
        self.print();
        verdict.error
    }
}
