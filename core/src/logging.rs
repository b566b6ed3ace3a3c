use std::env;
use std::io::Write as _;

use env_logger::{Builder, Target};
use libbpf_rs::{PrintLevel, set_print};
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
