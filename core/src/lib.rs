//! The parts of a BPF application.
//!
//! An app is a crate with one type in it: its options, which are clap arguments, and which
//! [`App::run`] turns into a running BPF program. [`register!`] makes it a subcommand.
//!
//! ```text
//!  XSkelBuilder ──Session::open──▶ OpenXSkel ──Session::load──▶ XSkel ──attach──▶ Session::report
//!                                  set rodata                  set bss            one call a record
//! ```
//!
//! ```
//! use bpfapps_core::{App, Needs, Result, Session, register};
//!
//! /// Say hello
//! #[derive(clap::Args)]
//! struct Hello {
//!     /// Whom to greet
//!     name: String,
//! }
//!
//! impl App for Hello {
//!     const NAME: &'static str = "hello";
//!     const NEEDS: Needs = Needs::NONE;
//!
//!     fn run(self, session: &Session) -> Result<()> {
//!         session.say(&format!("hello, {}", self.name))
//!     }
//! }
//!
//! register!(Hello);
//! # fn main() {}
//! ```
//!
//! | folder | what an app has from it |
//! |---|---|
//! | `app` | what an app is: [`App`], [`Needs`], its [documents](Document), the [`registry`] |
//! | `session` | one run of it: open, load, attach, report; logging, memlock, privileges |
//! | `events` | records out of the kernel: [`Stream`], [`Snapshot`], a [`tracepoint`]'s fields, losses |
//! | `counts` | what programs count by key: [`Counting`], [`Session::count`] |
//! | `metrics` | what `--metrics` serves of it: counts of events, losses and programs |
//! | `telemetry` | what `--otlp` sends of it: each event |
//! | `run` | until when it runs: signals, and the command of a [`Workload`] |
//! | [`output`] | [rows](output::Row) for people, documents for programs |
//! | [`net`] | addresses, and hooks of network interfaces |
//! | `trace` | own lines of `bpf_printk`: [`TraceProgram`] |

// what bpf-build generates names this crate, also inside it
extern crate self as bpfapps_core;

mod app;
mod counts;
mod events;
#[cfg_attr(not(feature = "metrics"), path = "metrics/none.rs")]
mod metrics;
pub mod net;
pub mod output;
mod run;
mod session;
#[cfg_attr(not(feature = "otlp"), path = "telemetry/none.rs")]
mod telemetry;
mod trace;

pub use anyhow::{Context, Error, Result, bail};
pub use bpfapps_diagnose::{InterfaceHook, Target};
pub use bpfapps_explain::{Code, Failure};
/// Properties of this machine.
pub use bpfapps_host as host;
pub use bpfapps_host::capabilities::Capability;
pub use bpfapps_host::names::{errno_name, signal_name};
pub use output::values::Named;

pub use app::{App, Registration, Rehearsal, UsdtProbe, milliseconds, registry, seconds};
pub use counts::{Counted, Counting};
pub use events::{
    Byte, Event, Listing, PerfRecords, Period, Record, RunStatistics, Snapshot, Stream, c_bytes,
    set_text, stages, take, tracepoint,
};
pub use output::{Document, Field, Kind, Row};
pub use run::{Workload, let_signals_end_it};
pub use session::{
    Bss, Data, Embedded, KernelTypes, Loads, NETWORK, Needs, Options, Origin, Rehearsed, Rodata,
    Session, TRACING, bss, data, exit_code, fit_maps, logging, raise_memlock, rodata,
};
pub use trace::{TraceLines, TraceProgram};

// For the expansion of macros: an app needs no dependency of its own on these.
#[doc(hidden)]
pub use inventory;

/// Registers an app: `register!(Bootstrap);` beside its [`App`] implementation.
///
/// The crate must also be *used* by the binary, or the linker drops it: see `cli/src/apps.rs`.
#[macro_export]
macro_rules! register {
    ($app:ty) => {
        $crate::inventory::submit! {
            $crate::Registration::of::<$app>(env!("CARGO_PKG_NAME"))
        }
    };
}

/// Includes the skeleton that the app's `build.rs` made of `src/bpf/<name>.bpf.c`, and brings its
/// builder and its records into scope.
#[macro_export]
macro_rules! skeleton {
    ($name:literal) => {
        // the generated code is not ours to fix
        #[allow(
            missing_docs,
            unreachable_pub,
            unsafe_code,
            unused_imports,
            unused_qualifications
        )]
        #[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::unwrap_used)]
        mod skel {
            include!(concat!(env!("OUT_DIR"), "/", $name, ".skel.rs"));
            include!(concat!(env!("OUT_DIR"), "/", $name, ".records.rs"));
        }
        use skel::*;
        #[allow(unused_imports, reason = "for the documents of a record")]
        use $crate::Row as _;

        $crate::inventory::submit! {
            $crate::Embedded::new($name, env!("CARGO_PKG_NAME"), &skel::DATA)
        }
    };
}

/// Has BPF code that filters by `only_pid` see only process `$pid`, if that is some: by the number
/// that this process knows it by. In a container that is not the kernel's, so the code gets its
/// numbers from `bpfapps/pidns.h`.
#[macro_export]
macro_rules! only_pid {
    ($rodata:expr, $pid:expr) => {
        if let Some(pid) = $pid {
            let namespace = $crate::host::namespaces::PidNamespace::own()?;
            $rodata.only_pid = pid;
            ($rodata.pidns_dev, $rodata.pidns_ino) = (namespace.dev, namespace.ino);
        }
    };
}
