//! What runs in the virtual machines: the binary that is shipped, and the
//! kernel tests of every package. All of it is linked statically, and the same
//! on every kernel.

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo;
use crate::dist::{self, elf};

/// Programs for virtual machines.
pub(super) struct Suite {
    pub(super) bpfapps: PathBuf,
    pub(super) tests: Vec<Tests>,
}

/// The kernel tests of a package.
pub(super) struct Tests {
    pub(super) package: String,
    pub(super) program: PathBuf,
}

/// Builds them. Whichever package of the workspace has a `[[test]]` of the name
/// `kernel` is taken along: apps that were made of a template have one.
pub(super) fn build() -> Result<Suite> {
    let bpfapps = dist::build(&[])?.program;
    let mut command = cargo::cargo(["build", "--workspace", "--test", "kernel"]);
    command.args(["--profile", "vm", "--features", "bpfapps/static"]);
    dist::link_statically(&mut command)?;
    let built = cargo::build("the kernel tests", command)?;
    let mut tests = Vec::new();
    for (package, program) in built.tests() {
        elf::assert_static(&program)?;
        tests.push(Tests {
            package: package.to_owned(),
            program,
        });
    }
    tests.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(Suite { bpfapps, tests })
}
