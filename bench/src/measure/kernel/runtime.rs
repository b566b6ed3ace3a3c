//! The kernel's statistics of BPF programs, from the C program that asks for them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// The kernel measures for as long as this lives.
pub(crate) struct Runtime {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Runtime {
    /// Starts `runtime` for the BPF programs of these ids.
    pub(crate) fn start(runtime: &Path, ids: impl IntoIterator<Item = u64>) -> Result<Self> {
        let mut child = Command::new(runtime)
            .args(ids.into_iter().map(|id| id.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to run runtime")?;
        let stdout = child.stdout.take().context("runtime without stdout")?;
        Ok(Self {
            child,
            stdout: BufReader::new(stdout),
        })
    }

    /// The counts so far, a line for each program.
    pub(crate) fn look(&mut self) -> Result<String> {
        let stdin = self.child.stdin.as_mut().context("runtime without stdin")?;
        stdin.write_all(b"\n").context("failed to ask runtime")?;
        let mut lines = String::new();
        loop {
            let length = self.stdout.read_line(&mut lines);
            match length.context("failed to read from runtime")? {
                0 => bail!("runtime has ended"),
                1 => return Ok(lines),
                _ => {}
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // it ends with its input
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Number of runs of a program, and their total time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Runs {
    pub(crate) ns: u64,
    pub(crate) count: u64,
}

impl Runs {
    /// The runs of program `name`, from lines such as `handle_exec 4711 3`.
    pub(crate) fn of(lines: &str, name: &str) -> Result<Self> {
        let line = lines
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .with_context(|| format!("there is no BPF program {name}"))?;
        let (ns, count) = line.split_once(' ').context("no two numbers")?;
        Ok(Self {
            ns: ns.parse().context("not a number of nanoseconds")?,
            count: count.parse().context("not a number of runs")?,
        })
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            ns: self.ns - before.ns,
            count: self.count - before.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_a_program_by_its_whole_name() -> Result<()> {
        let lines = "handle_exec_raw 1 1\nhandle_exec 4711 3\n\n";
        let runs = Runs::of(lines, "handle_exec")?;
        assert_eq!((runs.ns, runs.count), (4711, 3));
        let before = Runs { ns: 11, count: 1 };
        assert_eq!(runs.since(&before), Runs { ns: 4700, count: 2 });
        assert!(Runs::of(lines, "handle_exit").is_err());
        assert!(Runs::of("handle_exit many 3\n", "handle_exit").is_err());
        Ok(())
    }

    #[test]
    fn lines_end_with_an_empty_one() -> Result<()> {
        let mut runtime = Runtime::start(Path::new("cat"), [])?;
        assert_eq!(runtime.look()?, "\n");
        assert!(Runtime::start(Path::new("true"), [])?.look().is_err());
        Ok(())
    }
}
