//! Calls of cargo, always from the root of the workspace.

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs this task, so that its toolchain stays the same.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Runs a `cargo build` of one binary and answers where cargo has put it.
///
/// cargo says it itself, so that `CARGO_TARGET_DIR`, `build.target-dir` and
/// `--target` are all followed without knowing about them here. Progress and
/// diagnostics go to stderr as ever.
pub(crate) fn build(what: &str, mut command: Command) -> Result<PathBuf> {
    let mut child = command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to run cargo")?;
    let mut messages = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout
            .read_to_string(&mut messages)
            .context("failed to read cargo's answer")?;
    }
    if !child.wait().context("failed to wait for cargo")?.success() {
        bail!("failed to build {what}");
    }
    // dependencies come first: the binary that was asked for is the last
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .with_context(|| format!("cargo did not say where it put {what}"))
}
