//! `bpfapps procs` on the running kernel: what its user sees.

mod attacked;
mod commands;
mod config;
mod containers;
mod documents;
mod ends;
mod exe;
mod execs;
mod filters;
mod fixtures;
mod identity;
mod limits;
mod losses;
mod pids;
mod refusals;
mod rights;
#[path = "../../../bootstrap/tests/kernel/row.rs"]
mod row;
#[path = "../../../bootstrap/tests/kernel/fixtures.rs"]
mod shared;
mod signals;
mod storm;
mod terminal;
mod trees;

use std::process::ExitCode;

/// The app.
pub(crate) const APP: &str = "procs";

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            filters::TESTS,
            pids::TESTS,
            ends::TESTS,
            signals::TESTS,
            losses::TESTS,
            execs::TESTS,
            exe::TESTS,
            commands::TESTS,
            trees::TESTS,
            documents::TESTS,
            containers::TESTS,
            identity::TESTS,
            terminal::TESTS,
            limits::TESTS,
            config::TESTS,
            rights::TESTS,
            refusals::TESTS,
            attacked::TESTS,
        ],
        &[
            shared::FIXTURES,
            fixtures::FIXTURES,
            exe::FIXTURES,
            attacked::FIXTURES,
        ],
    )
}
