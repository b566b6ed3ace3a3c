//! The tasks of this repository, run as `cargo xtask <task>`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_xtask::main()
}
