use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use caps::Capability;
use serde_json::Value;
use tempfile::TempDir;

/// A binary to test instead of building one, for machines without cargo.
const PROGRAM: &str = "BPFAPPS_BIN";

/// A build that takes longer is announced.
const SILENCE: Duration = Duration::from_secs(1);

/// The binary of the test's workspace: the file named by `BPFAPPS_BIN`, or cargo's build of the
/// package in folder `cli/`.
///
/// # Panics
///
/// It does not build.
pub fn program() -> &'static Path {
    static PROGRAM_PATH: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM_PATH.get_or_init(|| match env::var_os(PROGRAM) {
        Some(path) => path.into(),
        None => build().unwrap_or_else(|err| panic!("{err:#}; or name it in {PROGRAM}")),
    })
}

/// The command that runs [`program`] with these arguments, the app first: called by its name alone,
/// as where it is installed.
pub fn cli<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let program = program();
    let mut command = Command::new(program);
    command.arg0(program.file_name().unwrap_or_default());
    command.args(args);
    command
}

/// A copy of [`program`] outside of root's home, which every user may run. It is removed with its
/// folder.
///
/// # Errors
///
/// There is no room for it.
pub fn installed() -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bpfapps");
    fs::copy(program(), &path)?;
    for path in [folder.path(), &path] {
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
    }
    Ok((folder, path))
}

/// The same with capabilities for every user who runs it, as set by setcap(8).
///
/// # Errors
///
/// The file cannot be written, or the file system does not support capabilities.
pub fn lending(capabilities: &[Capability]) -> Result<(TempDir, PathBuf)> {
    let (folder, path) = installed()?;
    // struct vfs_cap_data, version 2 with the effective bit
    let set = capabilities
        .iter()
        .fold(0_u64, |set, capability| set | capability.bitmask());
    let (low, high) = ((set & 0xffff_ffff) as u32, (set >> 32) as u32);
    let words = [0x0200_0001, low, 0, high, 0].map(u32::to_le_bytes);
    if !capabilities.is_empty() {
        xattr::set(&path, "security.capability", &words.concat())?;
    }
    Ok((folder, path))
}

/// A test runs in its package's folder. cargo reports the name and the path of the binary.
fn build() -> Result<PathBuf> {
    let workspace = cargo(&["locate-project", "--workspace", "--message-format", "plain"])?;
    let manifest = Path::new(workspace.trim_end()).with_file_name("cli/Cargo.toml");
    let manifest = manifest
        .to_str()
        .context("the workspace's path is not UTF-8")?;
    let format = ["--message-format", "json-render-diagnostics"];
    let args = ["build", "--quiet", "--bins", "--manifest-path", manifest];
    let built = slowly(manifest, || cargo(&[&args[..], &format].concat()))?;
    let mut messages = built
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let binary = messages.find_map(|it: Value| it["executable"].as_str().map(PathBuf::from));
    binary.with_context(|| format!("{manifest} has no binary"))
}

/// Says what is built if it takes long, as it does the first time.
#[expect(
    clippy::print_stderr,
    reason = "the name of a test is all that is seen so far"
)]
fn slowly<T>(manifest: &str, build: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("\nbuilding the program that is tested: cargo build --bins --manifest-path {manifest}");
            }
        });
        let built = build();
        drop(done);
        built
    })
}

/// The output of cargo with these arguments.
fn cargo(args: &[&str]) -> Result<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let output = command.args(args).stderr(Stdio::inherit()).output();
    let output = output.context("failed to run cargo to build the binary to test")?;
    ensure!(
        output.status.success(),
        "failed to build the binary to test"
    );
    String::from_utf8(output.stdout).context("cargo prints no UTF-8")
}
