//! Explains BPF failures under stable codes.
//!
//! Text in, text out: nothing here queries the kernel, so build scripts can use it too. Each
//! [`Code`] has a page in `pages/`, which `bpfapps explain` prints.
//!
//! ```
//! use bpfapps_explain::explain_clang;
//!
//! let said = "open.bpf.c:7:2: error: use of undeclared identifier 'EPERM'";
//! let (code, hint) = explain_clang(said).expect("a known mistake");
//! println!("{code}: {}\nhint: {hint}", code.title());
//! ```

mod check;
mod clang;
mod code;
mod colour;
mod escape;
mod failure;
mod nearest;
pub mod verifier;
mod wrap;

pub use check::{Check, Status, list, table};
pub use clang::explain_clang;
pub use code::Code;
pub use colour::{coloured, is_coloured, knows_escapes, stderr_is_coloured};
pub use escape::{escape, is_invisible, one_line, printable, visible};
pub use failure::{Failure, report};
pub use nearest::{did_you_mean, nearest};
pub use wrap::{wrap, wrap_page};
