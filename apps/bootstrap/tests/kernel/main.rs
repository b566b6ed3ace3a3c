//! `bpfapps bootstrap` on the running kernel: what its user sees.

mod documents;
mod fixtures;
mod row;
mod rows;

use std::process::ExitCode;

/// The app.
pub(crate) const APP: &str = "bootstrap";

fn main() -> ExitCode {
    bpfapps_testkit::main(&[rows::TESTS, documents::TESTS], &[fixtures::FIXTURES])
}
