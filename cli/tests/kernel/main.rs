//! `bpfapps doctor` on the running kernel: healthy as it is, and ill in each way that it knows.

mod fixing;
mod foreign;
mod lent;
mod machine;
mod objects;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            machine::TESTS,
            objects::TESTS,
            fixing::TESTS,
            foreign::TESTS,
            lent::TESTS,
        ],
        &[],
    )
}
