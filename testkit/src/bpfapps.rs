use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The binary to test, where it is not to be built: on a machine without cargo, say.
const PROGRAM: &str = "BPFAPPS_BIN";

/// The workspace's binary with all the apps, built from the sources as they stand. Here it is
/// `bpfapps`.
///
/// # Panics
///
/// It does not build.
pub fn program() -> &'static Path {
    static PROGRAM_PATH: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM_PATH.get_or_init(|| env::var_os(PROGRAM).map_or_else(build, PathBuf::from))
}

/// Which one cargo built the test for, cargo is asked to bring up to date. It is the package in
/// `cli/`, whatever that is called.
fn build() -> PathBuf {
    let workspace = cargo(&["locate-project", "--workspace", "--message-format=plain"]);
    let manifest = Path::new(workspace.trim()).with_file_name("cli/Cargo.toml");
    let manifest = manifest
        .to_str()
        .expect("the path of the workspace is UTF-8");
    let build = [
        "build",
        "--quiet",
        "--message-format=json-render-diagnostics",
    ];
    let messages = cargo(&[&build[..], &["--manifest-path", manifest]].concat());
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let mut programs =
        messages.filter_map(|message: Value| Some(message["executable"].as_str()?.into()));
    programs
        .next_back()
        .expect("cargo says where the binary is")
}

/// What cargo says on stdout.
fn cargo(args: &[&str]) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ended = Command::new(cargo)
        .args(args)
        .stderr(Stdio::inherit())
        .output();
    let ended = ended.expect("cargo runs");
    assert!(
        ended.status.success(),
        "failed to build the binary with the apps"
    );
    String::from_utf8(ended.stdout).expect("cargo writes UTF-8")
}

/// A call of it.
pub fn bpfapps<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    command
}
