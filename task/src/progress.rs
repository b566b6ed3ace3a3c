//! Commands that take longer, with their progress.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::out;

/// The result of a command, and its output on stdout and stderr.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// Both streams, in order.
    pub output: String,
}

impl Ended {
    /// The last lines of the output, indented.
    pub fn tail(&self, lines: usize) -> String {
        let all: Vec<_> = self.output.lines().collect();
        let from = all.len().saturating_sub(lines);
        let tail: Vec<_> = all[from..].iter().map(|line| format!("  {line}")).collect();
        tail.join("\n")
    }
}

/// Runs a command out of sight.
///
/// On a terminal a spinner shows the time and the newest line of output; otherwise the label is
/// printed as a line. The command has no stdin, so that it cannot ask.
pub fn watch(label: &str, command: Command) -> Result<Ended> {
    watch_while(label, command, |_| None)
}

/// The same, repeated every second while the command has to wait. `waits` returns the reason from
/// the command's result.
pub fn watch_while(
    label: &str,
    mut command: Command,
    mut waits: impl FnMut(&Ended) -> Option<String>,
) -> Result<Ended> {
    let step = Step::start(label);
    let spinner = step.spinner();
    let mut said = None;
    let ended = loop {
        let ended = watched(&mut command, &spinner)?;
        let Some(what) = waits(&ended) else {
            break ended;
        };
        spinner.set_message(what.clone());
        if said.as_ref() != Some(&what) {
            spinner.suspend(|| out::note(&what));
        }
        said = Some(what);
        thread::sleep(Duration::from_secs(1));
    };
    spinner.finish_and_clear();
    step.end(ended.status);
    Ok(ended)
}

fn watched(command: &mut Command, spinner: &ProgressBar) -> Result<Ended> {
    let (reader, writer) = io::pipe().context("failed to create a pipe")?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().context("failed to share a pipe")?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("failed to run {}", command.get_program().display()))?;
    // otherwise the command keeps the writing ends, and the reader never sees the end
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut output = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("failed to read a command's output")?;
        let line = String::from_utf8_lossy(&line);
        spinner.set_message(printable(&line));
        output.push_str(&line);
        output.push('\n');
    }
    let status = child.wait().context("failed to wait for a command")?;
    Ok(Ended { status, output })
}

/// An announced step, whose duration is printed at its end.
#[derive(Debug)]
pub struct Step<'a> {
    label: &'a str,
    start: Instant,
    terminal: bool,
}

impl<'a> Step<'a> {
    /// Announces it.
    pub fn start(label: &'a str) -> Self {
        let terminal = io::stderr().is_terminal();
        if !terminal {
            out::note(format_args!("{label} …"));
        }
        Self {
            label,
            start: Instant::now(),
            terminal,
        }
    }

    /// The end of a command.
    pub fn end(self, status: ExitStatus) {
        let (label, took) = (self.label, seconds(self.start.elapsed()));
        if status.success() {
            out::note(format_args!("{label} … done in {took}"));
        } else {
            out::note(format_args!("{label} … failed after {took} ({status})"));
        }
    }

    /// Ends the step with its own words.
    pub fn close(self, how: impl Display) {
        let (label, took) = (self.label, seconds(self.start.elapsed()));
        out::note(format_args!("{label} … {how} in {took}"));
    }

    /// A progress bar up to 100, if there is a terminal.
    pub fn bar(&self) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(100).with_prefix(self.label.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {percent} % {elapsed}") {
            bar.set_style(style);
        }
        bar
    }

    /// A spinner until the step ends, if there is a terminal.
    pub fn spinner(&self) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner().with_prefix(self.label.to_owned());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
        {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }
}

/// The newest state of a line: what follows the last carriage return, without
/// escape sequences that would move the cursor.
fn printable(line: &str) -> String {
    let newest = line.trim_end().rsplit('\r').next().unwrap_or_default();
    newest.chars().filter(|c| !c.is_control()).collect()
}

fn seconds(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_millis(83_600)), "84 s");
    }

    #[test]
    fn a_line_cannot_move_the_cursor() {
        assert_eq!(printable("10 %\r20 %\r\n"), "20 %");
        assert_eq!(printable("\x1b[2Junpacking"), "[2Junpacking");
    }

    #[test]
    fn output_of_both_kinds_in_order() -> Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three"]);
        let ended = watch("counting", command)?;
        assert!(ended.status.success());
        assert_eq!(ended.output, "one\ntwo\nthree\n");
        assert_eq!(ended.tail(2), "  two\n  three");
        Ok(())
    }
}
