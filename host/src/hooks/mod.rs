//! Hooks for BPF programs: whether the running kernel or a program has one, and the names similar
//! to a missing one.

mod asked;
pub mod binary;
pub mod btf;
mod finder;
mod finding;
pub mod functions;
mod layout;
pub mod tracefs;
mod typed;
mod words;

use std::path::Path;

use bpfapps_explain::Code;

pub use finder::Hooks;
pub use finding::{Absent, Finding};
pub use layout::{Layout, Value};

/// Lists the types of events that perf can attach to.
const PERF: &str = "/sys/bus/event_source/devices";

/// True if perf can attach to kernel functions.
pub fn has_kprobes() -> bool {
    Path::new(PERF).join("kprobe").exists()
}

/// Why no kprobe can be attached, where this kernel has none.
pub fn no_kprobes() -> Option<Absent> {
    (!has_kprobes()).then(|| {
        Absent::new(
            Code::NO_PROBES,
            "this kernel has no kprobes: it is built without CONFIG_KPROBE_EVENTS",
            "use a tracepoint, or a kernel built with it",
        )
    })
}

/// Why no uprobe can be attached, where this kernel has none.
pub fn no_uprobes() -> Option<Absent> {
    (!Path::new(PERF).join("uprobe").exists()).then(|| {
        Absent::new(
            Code::NO_PROBES,
            "this kernel has no uprobes: it is built without CONFIG_UPROBE_EVENTS",
            "use a kernel built with it",
        )
    })
}
