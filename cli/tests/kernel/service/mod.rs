//! An app that runs as a service: its files, and what it tells systemd.

pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod notify;
pub(crate) mod outside;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Process, cli};
use flate2::read::MultiGzDecoder;
use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// As whom root's apps continue.
const NOBODY: u32 = 65534;

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so()? {
        ensure!(Instant::now() < end, "{what}: not so in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// A folder in which an app may rename files.
struct Folder(TempDir);

impl Folder {
    fn of_nobody() -> Result<Self> {
        let folder = TempDir::new()?;
        chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        Ok(Self(folder))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("x")
    }

    /// The names in it, sorted.
    fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.path())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// The content of all files of an output, the oldest first.
    fn texts(&self) -> Result<Vec<String>> {
        let mut texts = vec![fs::read_to_string(self.file())?];
        for number in 1.. {
            let old = self.0.path().join(format!("x.{number}"));
            let compressed = self.0.path().join(format!("x.{number}.gz"));
            let mut text = String::new();
            if let Ok(mut file) = fs::File::open(&old) {
                ensure!(!compressed.exists(), "x.{number} is there twice");
                file.read_to_string(&mut text)?;
            } else if let Ok(file) = fs::File::open(&compressed) {
                MultiGzDecoder::new(file).read_to_string(&mut text)?;
            } else {
                break;
            }
            texts.push(text);
        }
        texts.reverse();
        Ok(texts)
    }

    /// The documents in these, each of which must be whole.
    fn documents(&self) -> Result<Vec<Value>> {
        documents(&self.texts()?.concat())
    }
}

fn documents(text: &str) -> Result<Vec<Value>> {
    ensure!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is torn"
    );
    let parse = |line| serde_json::from_str(line).with_context(|| format!("torn: {line}"));
    text.lines().map(parse).collect()
}

fn count(documents: &[Value], kind: &str) -> usize {
    documents
        .iter()
        .filter(|document| document["type"] == kind)
        .count()
}

/// Fails unless these are the starts and exits of so many processes, in order and without a gap.
fn are_all(documents: &[Value], processes: usize) -> Result<()> {
    let (execs, exits) = (count(documents, "exec"), count(documents, "exit"));
    ensure!(
        (execs, exits) == (processes, processes),
        "{execs} execs and {exits} exits of {processes}"
    );
    let times: Vec<_> = documents
        .iter()
        .filter(|document| document["type"] != "ready")
        .filter_map(|document| document["time"].as_str())
        .collect();
    ensure!(times.is_sorted(), "they are out of order");
    Ok(())
}

/// A shell that starts processes when it is asked to.
struct Shell {
    shell: Child,
    answers: BufReader<ChildStdout>,
}

impl Shell {
    fn start() -> Result<Self> {
        let script = "while read n; do i=0; while [ $i -lt $n ]; do /bin/true; i=$((i + 1)); done; \
                      echo done; done";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let answers = BufReader::new(shell.stdout.take().context("a pipe")?);
        Ok(Self { shell, answers })
    }

    /// An app that reports the processes of this shell, once it is ready, with output to `file`.
    fn traced(&self, file: &Path, args: &[&str]) -> Result<Process> {
        self.traced_by(&mut cli(["procs"]), file, args)
    }

    /// The same, where `command` runs procs.
    fn traced_by(&self, command: &mut Command, file: &Path, args: &[&str]) -> Result<Process> {
        let mut process = Process::start(
            command
                .args(["--children", "--pid", &self.shell.id().to_string()])
                .arg("--output-file")
                .arg(file)
                .args(args),
        )?;
        let seen = PathBuf::from(format!("/proc/{}/root", process.pid()));
        let file = seen.join(file.strip_prefix("/")?);
        let before = fs::metadata(&file).map_or(0, |file| file.len());
        let begun = until("it is ready", || {
            let now = fs::metadata(&file).map_or(0, |file| file.len());
            Ok(now > 0 && now != before)
        });
        if begun.is_err() {
            process.signal(Signal::SIGKILL)?;
            let _ = process.line(|_| false);
            bail!("it is not ready: {:#?}", process.wait()?);
        }
        Ok(process)
    }

    /// Starts so many processes, one after another.
    fn run(&mut self, processes: usize) -> Result<()> {
        let stdin = self.shell.stdin.as_mut().context("a pipe")?;
        writeln!(stdin, "{processes}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        ensure!(answer == "done\n", "{answer}");
        Ok(())
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
