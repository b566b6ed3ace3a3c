use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `bpfapps` to test, where it is not to be built: on a machine without cargo, say.
const PROGRAM: &str = "BPFAPPS_BIN";

/// The `bpfapps` binary, built from the sources as they stand.
///
/// # Panics
///
/// It does not build.
pub fn program() -> &'static Path {
    static PROGRAM_PATH: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM_PATH.get_or_init(|| env::var_os(PROGRAM).map_or_else(build, PathBuf::from))
}

/// A test binary stands in `<target>/<profile>/deps`, and `bpfapps` one folder above. Which one
/// cargo built it for, cargo is asked to bring up to date.
fn build() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "bpfapps"])
        .stdout(Stdio::null())
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "failed to build bpfapps"
    );
    let test = env::current_exe().expect("the test binary has a path");
    let target = test
        .ancestors()
        .nth(3)
        .expect("the test binary stands in a target folder");
    target.join("debug/bpfapps")
}

/// The command `bpfapps <args>`.
pub fn bpfapps<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    command
}
