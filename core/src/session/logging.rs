//! libbpf's log: on its way to stderr, or kept while something may fail.

use std::cell::RefCell;
use std::env;
use std::io::Write as _;

use anyhow::Error;
use bpfapps_diagnose::Verdict;
use env_logger::{Builder, Target};
use libbpf_rs::{PrintCallback, PrintLevel, get_print, set_print};
use log::{Level, LevelFilter, debug, info, log_enabled, warn};

/// The environment variable with a filter in the syntax of env_logger, such as `debug` or
/// `libbpf=debug,warn`. It goes before `--verbose`.
const FILTER: &str = "BPFAPPS_LOG";

/// Sends the log to stderr: warnings, and with `verbose` all that libbpf has to say.
pub fn init(verbose: bool) {
    let mut builder = Builder::new();
    builder.filter_level(if verbose {
        LevelFilter::Debug
    } else {
        LevelFilter::Warn
    });
    if let Ok(filter) = env::var(FILTER) {
        builder.parse_filters(&filter);
    }
    builder.target(Target::Stderr).format(|out, record| {
        let level = match record.level() {
            Level::Error => "error",
            Level::Warn => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        };
        writeln!(out, "{level}: {}: {}", record.target(), record.args())
    });
    // Only a second call fails, and then a logger is there.
    let _ = builder.try_init();

    // libbpf formats each line before it calls back: do not ask for lines that nobody sees.
    let wanted = match log_enabled!(target: "libbpf", Level::Debug) {
        true => PrintLevel::Debug,
        false => PrintLevel::Warn,
    };
    set_print(Some((wanted, print)));
}

/// Keeps the log away from the user: of what is only tried, the answer is enough.
pub fn init_silently() {
    set_print(Some((PrintLevel::Warn, print)));
}

fn print(level: PrintLevel, text: String) {
    // One callback can carry several lines: the verifier's log is a single one.
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
#[derive(Debug)]
#[must_use]
pub struct Kept {
    /// Who would have printed it.
    printer: Option<PrintCallback>,
    /// Who sees more than warnings sees them in their order.
    printed: bool,
    messages: Vec<String>,
}

thread_local! {
    /// libbpf calls back in the thread that loads, with nothing to find the way back by.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Does it, and keeps the warnings of libbpf.
pub fn keep<T>(action: impl FnOnce() -> T) -> (T, Kept) {
    let before = get_print();
    let level = before.map_or(PrintLevel::Warn, |(level, _)| level);
    let kept = || Kept {
        printer: before.map(|(_, printer)| printer),
        printed: level == PrintLevel::Debug,
        messages: Vec::new(),
    };
    KEPT.set(Some(kept()));
    set_print(Some((level, keep_message)));
    let done = action();
    set_print(before);
    (done, KEPT.take().unwrap_or_else(kept))
}

fn keep_message(level: PrintLevel, text: String) {
    KEPT.with_borrow_mut(|kept| {
        // another thread's
        let Some(kept) = kept else {
            return print(level, text);
        };
        if let Some(printer) = kept
            .printer
            .filter(|_| kept.printed || level != PrintLevel::Warn)
        {
            printer(level, text.clone());
        }
        if level == PrintLevel::Warn {
            kept.messages.push(text);
        }
    });
}

impl Kept {
    /// Each of them; one may have several lines.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Prints them.
    pub fn print(self) {
        if let Some(print) = self.printer.filter(|_| !self.printed) {
            for message in self.messages {
                print(PrintLevel::Warn, message);
            }
        }
    }

    /// Prints those that a verdict on what failed does not tell, and returns its error.
    pub fn tell(mut self, verdict: Verdict) -> Error {
        self.messages = verdict.untold;
        self.print();
        verdict.error
    }
}
