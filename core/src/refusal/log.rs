//! What libbpf says while it works: its errors are numbers, and the reason is in its log alone.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libbpf_rs::{PrintLevel, set_print};
use log::debug;

use crate::logging;

/// The warnings that are held back. libbpf's callback is a plain function: it has no other place.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn warnings() -> MutexGuard<'static, Vec<String>> {
    WARNINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

type Callback = Option<(PrintLevel, fn(PrintLevel, String))>;

/// Holds libbpf's warnings back, from now on until this is dropped: then they are shown, unless
/// they have been explained.
pub(super) struct Held {
    before: Callback,
    explained: bool,
}

impl Held {
    pub(super) fn start() -> Self {
        let before = set_print(None);
        let level = before.map_or(PrintLevel::Warn, |(level, _)| level);
        set_print(Some((level, hold)));
        Self {
            before,
            explained: false,
        }
    }

    /// What was said up to now, a line each.
    pub(super) fn text(&self) -> String {
        warnings().iter().fold(String::new(), |mut text, warning| {
            // writing into a String does not fail
            let _ = writeln!(text, "{}", warning.trim_end());
            text
        })
    }

    /// The user is told better: only `--verbose` shows the warnings.
    pub(super) fn explained(mut self) {
        self.explained = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        set_print(self.before);
        let held = std::mem::take(&mut *warnings());
        for warning in held {
            match self.before {
                _ if self.explained => debug!(target: "libbpf", "{}", warning.trim_end()),
                Some((_, show)) => show(PrintLevel::Warn, warning),
                None => {}
            }
        }
    }
}

fn hold(level: PrintLevel, text: String) {
    match level {
        PrintLevel::Warn => warnings().push(text),
        _ => logging::print(level, text),
    }
}
