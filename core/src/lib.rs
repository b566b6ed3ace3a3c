//! What every bpfapps app shares at run time.
//!
//! An app is a crate with one type in it: its options, which are clap arguments, and which
//! [`App::run`] turns into a running BPF program. [`register!`] makes it a subcommand of `bpfapps`.
//!
//! ```text
//!  XSkelBuilder ──Session::open──▶ OpenXSkel ──Session::load──▶ XSkel ──attach──▶ Session::poll
//!                                  set rodata                  set bss            one call a record
//! ```

// what bpf-build generates names this crate, also inside it
extern crate self as bpfapps_core;

mod app;
pub mod cgroups;
mod clock;
mod failure;
pub mod hook;
pub mod kallsyms;
pub mod kernel;
mod logging;
mod lost;
pub mod machine;
mod memlock;
mod names;
pub mod net;
pub mod object;
mod options;
pub mod output;
mod perfbuf;
pub mod pidns;
mod poll;
mod privileges;
mod record;
mod refusal;
mod registry;
mod rehearsal;
mod ringbuf;
mod schema;
mod session;
mod shared;
mod signals;
mod skipped;
mod snapshot;
mod stream;
mod target;
mod trace;
pub mod tracefs;
pub mod tracepoint;
pub mod users;
mod wait;
mod workload;
pub mod yaml;

pub use anyhow::{Context, Error, Result, bail};
pub use app::{App, Needs};
pub use bpfapps_explain::Code;
pub use caps::Capability;
pub use failure::{Failure, exit_code, report};
pub use logging::{init as init_logging, init_silently as init_silent_logging};
pub use names::{errno_name, signal_name};
pub use object::Object;
pub use options::Options;
pub use perfbuf::PerfRecords;
pub use record::{Record, c_bytes};
pub use registry::{Registration, registry};
pub use rehearsal::{Loads, Rehearsal};
pub use schema::{Document, Field};
pub use session::{KERNEL_BTF, Session};
pub use snapshot::{Listing, Snapshot};
pub use stream::Stream;
pub use target::Target;
pub use trace::{TraceLines, TraceProgram};
pub use workload::Workload;

// What the macros expand to: an app needs no dependency of its own on these.
#[doc(hidden)]
pub use inventory;

/// Puts an app in the registry: `register!(Bootstrap);` beside its [`App`] implementation.
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
        // the generated code is not ours to mend
        #[allow(missing_docs, unreachable_pub, unsafe_code, unused_qualifications)]
        #[allow(clippy::all, clippy::undocumented_unsafe_blocks, clippy::unwrap_used)]
        mod skel {
            include!(concat!(env!("OUT_DIR"), "/", $name, ".skel.rs"));
            include!(concat!(env!("OUT_DIR"), "/", $name, ".records.rs"));
        }
        use skel::*;

        $crate::inventory::submit! {
            $crate::Object::new($name, env!("CARGO_PKG_NAME"), &skel::DATA)
        }
    };
}
