//! What the tests of the kernel tier share: they run the real `bpfapps` on the running kernel and
//! assert what its user sees.
//!
//! A test file lists its tests and its fixtures:
//!
//! ```text
//! fn main() -> ExitCode {
//!     bpfapps_testkit::main(&[test!(rows_of_a_child)], &[fixture!(leader_leaves_first)])
//! }
//! ```
//!
//! A fixture is a program that a test starts; it is the test binary itself, called with the
//! fixture's name, so that nothing else has to be compiled, installed or copied into a VM.

mod app;
mod bpfapps;
pub mod cgroup;
mod events;
mod exit;
mod harness;
pub mod kernel;
pub mod net;
mod process;
pub mod sandbox;
mod terminal;
mod trampoline;

pub use app::{App, documents_of};
pub use bpfapps::{bpfapps, program};
pub use exit::Exit;
pub use harness::{Fixture, Test, fixture, main, many, skip};
pub use process::Process;
pub use terminal::Terminal;
pub use trampoline::{needs_fentry, needs_lsm};
