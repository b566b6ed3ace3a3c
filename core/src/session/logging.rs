//! The log of a run, on stderr.

use std::env;
use std::io::Write as _;

use bpfapps_diagnose as diagnose;
use bpfapps_explain::{printable, visible};
use env_logger::{Builder, Target};
use log::{Level, LevelFilter, log_enabled, warn};

pub use diagnose::{keep, silently};

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
    // what it says of a certificate is in its error, too
    builder.filter_module("rustls_platform_verifier", LevelFilter::Off);
    for http in ["rustls", "ureq", "ureq_proto"] {
        builder.filter_module(http, LevelFilter::Warn);
    }
    let filter = env::var(FILTER).unwrap_or_default();
    // env_logger would print it as it is
    let is_plain = visible(&filter) == filter;
    if is_plain && !filter.is_empty() {
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
        let text = record.args().to_string();
        writeln!(out, "{level}: {}: {}", record.target(), printable(&text))
    });
    // Fails only if a logger exists already.
    let _ = builder.try_init();
    if !is_plain {
        warn!("{FILTER} is ignored: it is not a log filter");
    }
    diagnose::listen(log_enabled!(target: "libbpf", Level::Debug));
}
