//! `bpfapps profile` on the running kernel: what its user sees.

mod browser;
mod files;
mod fixtures;
mod formats;
mod losses;
mod names;
mod pprof;
mod refusals;
mod wanted;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            formats::TESTS,
            wanted::TESTS,
            browser::TESTS,
            files::TESTS,
            names::TESTS,
            losses::TESTS,
            refusals::TESTS,
        ],
        &[fixtures::FIXTURES, names::FIXTURES],
    )
}
