//! Fixes that need no package manager: each command is shown before it runs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Error, Result, bail};
use bpfapps_explain::printable;
use bpfapps_host::shell;
use nix::unistd::geteuid;

/// Commands that fix something, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    commands: Vec<Vec<OsString>>,
    /// The question before a change that affects every user of the machine.
    asks: Option<&'static str>,
}

impl Fix {
    pub(super) fn new(words: &[&str]) -> Self {
        Self {
            commands: vec![words.iter().map(OsString::from).collect()],
            asks: None,
        }
    }

    /// Lends a program file capabilities.
    pub(super) fn rights(commands: impl Into<Vec<Vec<OsString>>>) -> Self {
        Self {
            commands: commands.into(),
            asks: Some("give this to everybody in that group?"),
        }
    }

    /// Sets a setting of the kernel.
    pub(super) fn sysctl(name: &str, value: &str) -> Self {
        Self {
            asks: Some("change it for the whole machine?"),
            ..Self::new(&["sysctl", &format!("{name}={value}")])
        }
    }

    /// Each as root calls it.
    fn commands(&self) -> impl Iterator<Item = Vec<&OsStr>> {
        let sudo = (!geteuid().is_root()).then_some(OsStr::new("sudo"));
        self.commands.iter().map(move |words| {
            let words = words.iter().map(OsString::as_os_str);
            sudo.into_iter().chain(words).collect()
        })
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands = self.commands().map(|words| shell::command(&words));
        f.write_str(&commands.collect::<Vec<_>>().join(" && "))
    }
}

/// Runs each fix once. Asks before some, unless `yes` is set. Returns true if anything was done.
pub(super) fn all<'a>(wanted: impl Iterator<Item = &'a Fix>, yes: bool) -> Result<bool> {
    let mut fixes: Vec<&Fix> = Vec::new();
    for fix in wanted {
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    if fixes.is_empty() {
        say("there is nothing that --fix could fix");
    }
    let mut is_done = false;
    for fix in fixes {
        if let Some(question) = fix.asks
            && !yes
            && !agrees(fix, question)?
        {
            continue;
        }
        for words in fix.commands() {
            let shown = shell::command(&words);
            say(&format!("$ {shown}"));
            let mut command = Command::new(words[0]);
            let status = command.args(&words[1..]).status();
            let status = status.with_context(|| format!("failed to run {}", words[0].display()))?;
            if !status.success() {
                bail!("`{shown}` failed: {status}");
            }
        }
        is_done = true;
    }
    Ok(is_done)
}

/// Asks at the terminal before a change that affects every user.
fn agrees(fix: &Fix, question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        say(&format!(
            "not done without --yes or a terminal to ask at: {fix}"
        ));
        return Ok(false);
    }
    say(&fix.to_string());
    let _ = write!(io::stderr(), "{question} [y/N] ");
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
    // Without stderr the message is not needed.
    let _ = writeln!(io::stderr(), "{}", printable(line));
}
