//! Shared by the tests of the kernel tier, which run the binary of their workspace on the running
//! kernel and check its output.
//!
//! Each module of a test binary lists its tests, and `main` lists the modules:
//!
//! ```no_run
//! # use std::process::ExitCode;
//! mod rows {
//!     use anyhow::Result;
//!     use bpfapps_testkit::{Fixture, Process, Test, fixture, test};
//!
//!     pub(crate) const TESTS: &[Test] = &[test!(process_without_threads_has_a_row)];
//!     pub(crate) const FIXTURES: &[Fixture] = &[fixture!(end_at_once)];
//!
//!     fn process_without_threads_has_a_row() -> Result<()> {
//!         Process::run(&mut fixture("end_at_once")?)?.expect_code(0)?;
//!         Ok(())
//!     }
//!
//!     fn end_at_once(_: &[String]) -> Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     bpfapps_testkit::main(&[rows::TESTS], &[rows::FIXTURES])
//! }
//! ```
//!
//! The compiler warns about a test that is in no list, and about a list that is not in `main`: they
//! are dead code.
//!
//! A fixture is a program that a test starts. It is the test binary itself, called with the
//! fixture's name, so that nothing else must be compiled, installed or copied into a VM.

mod app;
pub mod cgroup;
mod events;
mod exit;
mod fixture;
mod harness;
pub mod loaded;
pub mod needs;
pub mod net;
mod nextest;
mod process;
mod program;
pub mod sandbox;
mod shell;
mod skipped;
mod terminal;
mod trampoline;

pub use app::{App, documents_of, refuses};
pub use exit::Exit;
pub use fixture::{Fixture, fixture, own_path};
pub use harness::{Test, main, many};
pub use process::Process;
pub use program::{cli, installed, lending, program};
pub use shell::{type_into, while_testing};
pub use skipped::skip;
pub use terminal::Terminal;
pub use trampoline::{needs_fentry, needs_lsm};
