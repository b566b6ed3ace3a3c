//! Runs rustfmt on rendered Rust, because line breaks depend on names.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use bpfapps_templates::File;

use crate::{out, workspace};

/// Formats each Rust file. Without rustfmt they stay valid Rust, for `cargo fmt` to format.
pub(crate) fn rust(files: &mut [File]) -> Result<()> {
    if !is_there() {
        return Ok(());
    }
    let is_rust = |file: &&mut File| file.path.extension().is_some_and(|end| end == "rs");
    // a run takes as long as everything else together
    thread::scope(|scope| {
        let runs: Vec<_> = files
            .iter_mut()
            .filter(is_rust)
            .map(|file| scope.spawn(|| formatted(file)))
            .collect();
        for run in runs {
            match run.join() {
                Ok(ended) => ended?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(())
    })
}

fn rustfmt() -> Command {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024"]);
    // elsewhere it is formatted as usual
    if let Ok(root) = workspace::root() {
        command.arg("--config-path").arg(root);
    }
    command
}

/// Says so where they stay as they are.
pub(crate) fn note_absence() {
    if !is_there() {
        out::note("note: rustfmt is not installed: run cargo fmt when it is");
    }
}

/// rustup puts a rustfmt on PATH that only says that it is not installed.
fn is_there() -> bool {
    let run = rustfmt().arg("--version").output();
    run.is_ok_and(|run| run.status.success())
}

fn formatted(file: &mut File) -> Result<()> {
    let mut child = rustfmt()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to run rustfmt")?;
    if let Some(mut stdin) = child.stdin.take() {
        // it reads all before it writes
        stdin
            .write_all(file.text.as_bytes())
            .context("failed to write to rustfmt")?;
    }
    let ended = child
        .wait_with_output()
        .context("failed to wait for rustfmt")?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        bail!(
            "{}: rustfmt ended with {}: {said}",
            file.path.display(),
            ended.status
        );
    }
    file.text = String::from_utf8(ended.stdout).context("rustfmt wrote no text")?;
    Ok(())
}
