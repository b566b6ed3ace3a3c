//! The testkit itself: how its `main` answers, and what a command sees in a sandbox.

mod harness;
mod programs;
mod sandboxes;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[harness::TESTS, programs::TESTS, sandboxes::TESTS],
        &[
            harness::FIXTURES,
            harness::MORE_FIXTURES,
            programs::FIXTURES,
        ],
    )
}
