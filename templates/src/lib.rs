//! The templates of `cargo xtask new`: a folder for each kind of BPF program, embedded in this
//! crate.
//!
//! ```
//! use bpfapps_templates::{App, Kind};
//!
//! # fn main() -> anyhow::Result<()> {
//! let kinds = Kind::all()?;
//! let kind = kinds.iter().find(|kind| kind.name == "kprobe").expect("a kind");
//! let app = App { binary: "mytool", name: "unlinks", values: &kind.defaults() };
//! let files = app.render(kind)?;
//! assert!(files.iter().any(|file| file.path.ends_with("src/bpf/unlinks.bpf.c")));
//! # Ok(())
//! # }
//! ```

mod app;
mod deploy;
mod engine;
mod files;
mod kind;
mod release;
mod standalone;

pub use app::{App, camel_case, package};
pub use deploy::{Shipped, ShippedApp};
pub use files::File;
pub use kind::{Check, Kind, Manifest, Parameter, Values};
pub use release::Release;
pub use standalone::standalone;
