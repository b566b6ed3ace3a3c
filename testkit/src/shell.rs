use std::io::Write as _;
use std::process::{Command, Stdio, id};

use anyhow::{Context, Result, ensure};

use crate::skip;

/// A loop of sh(1) that runs commands without a pause. It ends with this process, so that none is left
/// of a test that is killed.
pub fn while_testing(commands: &str) -> String {
    format!("while [ -d /proc/{} ]; do {commands}; done", id())
}

/// Types lines into an interactive shell, `\t` for the Tab key, and returns all that its terminal
/// shows. Skips the test where the shell is not installed.
///
/// # Errors
///
/// It does not end by itself.
pub fn type_into(shell: &str, lines: &[&str]) -> Result<String> {
    let start = match shell {
        "bash" => "bash --norc -i",
        "zsh" => "zsh -f -i",
        other => &format!("{other} --no-config -i"),
    };
    for program in [shell, "script"] {
        let found = Command::new(program).arg("--version").output();
        if found.is_err() {
            skip(format!("{program} is not installed"))?;
        }
    }
    // script(1) is the terminal
    let mut command = Command::new("timeout");
    command.args(["60", "script", "-qec", start, "/dev/null"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("TERM", "dumb")
        .spawn()
        .context("failed to run timeout")?;
    let mut keys = child.stdin.take().context("stdin is a pipe")?;
    for line in lines.iter().chain(&["exit"]) {
        writeln!(keys, "{line}")?;
    }
    let output = child.wait_with_output()?;
    drop(keys);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.code() != Some(124), "{shell} hangs: {shown}");
    Ok(shown)
}
