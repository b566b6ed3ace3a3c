//! What can be mended without a package manager: each command is shown before it runs.

use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Error, Result, bail};
use nix::unistd::geteuid;

/// A command that mends something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    words: Vec<String>,
    /// What to ask before: it changes something for everybody on the machine.
    asks: Option<&'static str>,
}

impl Fix {
    pub(super) fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            asks: None,
        }
    }

    /// Gives a program file capabilities, which everybody who runs it then has.
    pub(super) fn rights(words: &[String]) -> Self {
        Self {
            words: words.to_vec(),
            asks: Some("give this to everybody who runs it?"),
        }
    }

    /// Sets a setting of the kernel.
    pub(super) fn sysctl(name: &str, value: &str) -> Self {
        Self {
            asks: Some("change it for the whole machine?"),
            ..Self::new(&["sysctl", &format!("{name}={value}")])
        }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let sudo = (!geteuid().is_root()).then_some("sudo");
        sudo.into_iter()
            .chain(self.words.iter().map(String::as_str))
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(" "))
    }
}

/// Runs these, each once, and asks before some, unless the answer is `yes`. Whether anything was done.
pub(super) fn all<'a>(wanted: impl Iterator<Item = &'a Fix>, yes: bool) -> Result<bool> {
    let mut fixes: Vec<&Fix> = Vec::new();
    for fix in wanted {
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    if fixes.is_empty() {
        say("there is nothing that --fix could mend");
    }
    let mut is_done = false;
    for fix in fixes {
        if let Some(question) = fix.asks
            && !yes
            && !agrees(fix, question)?
        {
            continue;
        }
        say(&format!("$ {fix}"));
        let words: Vec<_> = fix.words().collect();
        let mut command = Command::new(words[0]);
        let status = command.args(&words[1..]).status();
        let status = status.with_context(|| format!("failed to run {}", words[0]))?;
        if !status.success() {
            bail!("`{fix}` failed: {status}");
        }
        is_done = true;
    }
    Ok(is_done)
}

/// Whether somebody at a terminal wants what changes something for everybody.
fn agrees(fix: &Fix, question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        say(&format!(
            "not done without --yes, or somebody at a terminal to ask: {fix}"
        ));
        return Ok(false);
    }
    let _ = write!(io::stderr(), "{fix}\n{question} [y/N] ");
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .context("failed to read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Becomes the same run without `--fix`; comes back only where that fails.
pub(super) fn again() -> Error {
    let args = std::env::args_os()
        .skip(1)
        .filter(|arg| arg != "--fix" && arg != "--yes");
    match std::env::current_exe() {
        Ok(program) => Error::new(Command::new(program).args(args).exec()),
        Err(err) => err.into(),
    }
    .context("failed to look again")
}

fn say(line: &str) {
    // Where stderr is gone nobody waits for words.
    let _ = writeln!(io::stderr(), "{line}");
}
