//! A command in virtual machines, or a shell in one.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::machine::{End, Machine, Patience};
use super::{Options, prepare};
use crate::out;

/// Runs a command on each kernel, or a shell on one.
pub(super) fn run(options: &Options) -> Result<ExitCode> {
    let Some((program, args)) = options.command.split_first() else {
        return shell(options);
    };
    let words = [program]
        .into_iter()
        .chain(args)
        .map(|word| quote(&word.to_string_lossy()));
    let script = format!("exec {}\n", words.collect::<Vec<_>>().join(" "));
    let machines = prepare(options, Some(&script))?;
    let mut code = 0;
    for machine in &machines {
        if machines.len() > 1 {
            out::note(format_args!("Linux {}:", machine.name()));
        }
        code = run_on(machine)?.max(code);
    }
    Ok(ExitCode::from(code))
}

/// Runs the command that is in a machine, and answers its exit code. What it
/// prints goes to stdout.
fn run_on(machine: &Machine) -> Result<u8> {
    let mut code = None;
    // a line ends where the next one begins: the last one may have no end
    let mut between: &[u8] = b"";
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
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(between)
            .and_then(|()| stdout.write_all(line))
            .and_then(|()| stdout.flush())
            .context("failed to write to stdout")?;
        between = b"\n";
        Ok(false)
    })?;
    match end {
        End::Done => Ok(code.unwrap_or(1)),
        End::Broke(why) => bail!("Linux {}: {why}", machine.name()),
    }
}

fn shell(options: &Options) -> Result<ExitCode> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(out::hinted(
            "a shell needs a terminal, and this is none",
            "give a command after --",
        ));
    }
    let mut machines = prepare(options, Some(""))?;
    // without a choice the newest one
    let machine = machines.pop().context("no kernel to boot")?;
    machine.shell()?;
    Ok(ExitCode::SUCCESS)
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
