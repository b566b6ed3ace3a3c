//! `bpfapps bootstrap` on the running kernel: what its user sees.

mod attacked;
mod commands;
mod config;
mod containers;
mod documents;
mod ends;
mod execs;
mod filters;
mod fixtures;
mod limits;
mod losses;
mod pids;
mod refusals;
mod rights;
mod row;
mod rows;
mod signals;
mod terminal;
mod trees;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            rows::TESTS,
            filters::TESTS,
            pids::TESTS,
            ends::TESTS,
            signals::TESTS,
            losses::TESTS,
            execs::TESTS,
            commands::TESTS,
            trees::TESTS,
            documents::TESTS,
            containers::TESTS,
            terminal::TESTS,
            limits::TESTS,
            config::TESTS,
            rights::TESTS,
            refusals::TESTS,
            attacked::TESTS,
        ],
        &[fixtures::FIXTURES, attacked::FIXTURES],
    )
}
