//! Properties of this machine that matter to BPF applications.
//!
//! Everything is read from /proc, /sys and ELF files. Nothing links libelf or libbpf, so that the
//! task that installs them can use this crate too. What is missing is a
//! [`Failure`](bpfapps_explain::Failure) with its fix.
//!
//! ```
//! use bpfapps_host::Release;
//! use bpfapps_host::hooks::{Finding, Hooks};
//!
//! # fn main() -> anyhow::Result<()> {
//! if Release::running()?.is_at_least((5, 8)) {
//!     println!("this kernel has a BPF ring buffer");
//! }
//! if let Finding::Absent(absent) = Hooks::of_this_kernel().function("vfs_raed") {
//!     println!("{}: {}", absent.message, absent.hint());
//! }
//! # Ok(())
//! # }
//! ```

pub mod caller;
pub mod capabilities;
pub mod cgroups;
pub mod files;
pub mod hooks;
pub mod interfaces;
pub mod names;
pub mod namespaces;
pub mod platform;
mod release;
pub mod settings;
pub mod shell;
pub mod units;
pub mod users;

pub use release::Release;
