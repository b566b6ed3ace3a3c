//! `cargo xtask`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_xtask::main()
}
