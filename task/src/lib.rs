//! Shared by the tasks of a workspace, in whichever package they are.
//!
//! ```no_run
//! use bpfapps_task::workspace::Workspace;
//! use bpfapps_task::{cargo, out};
//!
//! # fn main() -> anyhow::Result<()> {
//! let binary = Workspace::here()?.binary()?;
//! let built = cargo::build(binary, &mut cargo::cargo(["build", "--package", binary]))?;
//! out::result(built.program.display())?;
//! # Ok(())
//! # }
//! ```
//!
//! Deliberately absent: any crate that links libelf, which a task must be able to install.

pub mod apt;
mod arch;
pub mod cache;
pub mod cargo;
pub mod out;
pub mod path;
pub mod progress;
mod series;
pub mod workspace;

pub use arch::Arch;
pub use series::Series;
