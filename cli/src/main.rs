//! `bpfapps`: every app of this workspace in one binary, each a subcommand.

mod apps;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps::main!()
}
