//! A command in virtual machines.

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bpfapps_task::out;

use crate::machine::{End, Machine, Patience};

/// The command line for a machine's shell.
pub(crate) fn script(command: &[OsString]) -> String {
    let words = command.iter().map(|word| quote(&word.to_string_lossy()));
    match words.collect::<Vec<_>>().join(" ") {
        none if none.is_empty() => none,
        words => format!("exec {words}\n"),
    }
}

/// Runs the command that is in each machine, and answers the highest exit code.
pub(crate) fn run(machines: &[Machine]) -> Result<u8> {
    let mut code = 0;
    for machine in machines {
        if machines.len() > 1 {
            out::note(format_args!("Linux {}:", machine.name()));
        }
        // print line ends before lines: the last one may lack its end
        let mut between: &[u8] = b"";
        let ended = run_on(machine, |line| {
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(between)
                .and_then(|()| stdout.write_all(line))
                .and_then(|()| stdout.flush())
                .context("failed to write to stdout")?;
            between = b"\n";
            Ok(())
        });
        code = ended?.max(code);
    }
    Ok(code)
}

/// Runs a command in a machine and returns its exit code. `output` gets the lines of its output.
pub(crate) fn run_on(machine: &Machine, mut output: impl FnMut(&[u8]) -> Result<()>) -> Result<u8> {
    let mut code = None;
    let patience = Patience {
        // a command may well be silent
        silence: Duration::from_secs(24 * 60 * 60),
        ..machine.patience()
    };
    let end = machine.run("command", patience, |line| {
        let event: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
        match event["event"].as_str() {
            Some("booted") => return Ok(false),
            Some("done") => {
                code = event["code"]
                    .as_u64()
                    .and_then(|code| u8::try_from(code).ok());
                return Ok(true);
            }
            _ => {}
        }
        output(line)?;
        Ok(false)
    })?;
    match end {
        End::Done => Ok(code.unwrap_or(1)),
        End::Broke(why) => bail!("Linux {}: {why}", machine.name()),
    }
}

/// A word as a shell reads it back.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() -> Result<()> {
        for word in ["", "a b", "it's", "$HOME `x` \"\\n\"", "''"] {
            let script = format!("printf %s {}", quote(word));
            let output = Command::new("sh").args(["-c", &script]).output()?;
            assert_eq!(String::from_utf8_lossy(&output.stdout), word);
        }
        Ok(())
    }
}
