//! Explains each rejection, and prints how many explanations are specific.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Corpus;
use crate::{out, run};

/// The code of failures without an explanation of their own.
const GENERAL: &str = "BPF0039";

/// A program, as `verify` prints it.
#[derive(Deserialize)]
struct Row {
    object: String,
    program: String,
    loaded: bool,
    #[serde(default)]
    log: String,
}

/// What `explain` says of its log.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Finding {
    code: Option<String>,
    cause: String,
    fix: Option<String>,
    line: Option<usize>,
}

struct Explained {
    name: String,
    is_naked: bool,
    /// The verifier's last words.
    said: String,
    finding: Finding,
    time: Duration,
    size: usize,
}

pub(super) fn print(corpus: &Corpus, lists_all: bool) -> Result<()> {
    let naked = fs::read_to_string(corpus.naked()).context("failed to read the list")?;
    let naked: BTreeSet<_> = naked.lines().collect();
    let explain = run::build(true)?.program;
    let mut rows = Vec::new();
    let entries = fs::read_dir(corpus.logs()).context("failed to read the logs")?;
    for entry in entries {
        let path = entry.context("failed to read the logs")?.path();
        let file =
            File::open(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let read: Vec<Row> = serde_json::from_reader(file)
            .with_context(|| format!("{} is cut off", path.display()))?;
        // what libbpf refuses is no business of the verifier
        rows.extend(read.into_iter().filter(Row::is_rejected));
    }
    rows.sort_by(|a, b| (&a.object, &a.program).cmp(&(&b.object, &b.program)));

    let queue = Mutex::new(rows.iter());
    let results = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        loop {
            let next = queue.lock().ok().and_then(|mut queue| queue.next());
            let Some(row) = next else { return Ok(()) };
            let begin = Instant::now();
            let finding = row.explain(&explain, corpus.objects().join(&row.object))?;
            let explained = Explained {
                name: format!("{}:{}", row.object.trim_end_matches(".bpf.o"), row.program),
                is_naked: naked.contains(row.program.as_str()),
                said: row.last_words(),
                finding,
                time: begin.elapsed(),
                size: row.log.len(),
            };
            if let Ok(mut results) = results.lock() {
                results.push(explained);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..thread::available_parallelism().map_or(1, Into::into))
            .map(|_| scope.spawn(work))
            .collect();
        workers.into_iter().try_for_each(|it| {
            it.join()
                .unwrap_or_else(|_| anyhow::bail!("a thread panicked"))
        })
    })?;
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|a, b| a.name.cmp(&b.name));
    if lists_all {
        for it in &results {
            let code = it.finding.code.as_deref().unwrap_or("-");
            let fix = it.finding.fix.as_deref().unwrap_or("-");
            let line = it.finding.line.unwrap_or(0);
            let cause = &it.finding.cause;
            out::result(format_args!(
                "{} {code} line {line}: {}\n    {cause}\n    {fix}",
                it.name, it.said
            ))?;
        }
    }
    summary(&results)
}

fn summary(results: &[Explained]) -> Result<()> {
    out::result("              specific    general      empty")?;
    for (what, is_naked) in [("C", false), ("naked", true)] {
        let own = || results.iter().filter(|it| it.is_naked == is_naked);
        let count = |wanted: fn(&str) -> bool| {
            own()
                .filter(|it| wanted(it.finding.code.as_deref().unwrap_or_default()))
                .count()
        };
        let all = own().count();
        let cell = |count: usize| format!("{count:>5} {:>3} %", count * 100 / all.max(1));
        out::result(format_args!(
            "{what:<12} {}{}{}",
            cell(count(|code| !code.is_empty() && code != GENERAL)),
            cell(count(|code| code == GENERAL)),
            cell(count(str::is_empty)),
        ))?;
    }
    let mut families: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for it in results {
        if it
            .finding
            .code
            .as_deref()
            .is_none_or(|code| code == GENERAL)
        {
            families.entry(family(&it.said)).or_default().push(&it.name);
        }
    }
    let mut families: Vec<_> = families.into_iter().collect();
    families.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    if !families.is_empty() {
        out::result("\nwithout a rule:")?;
    }
    for (said, names) in families {
        out::result(format_args!("{:>5}  {said}  ({})", names.len(), names[0]))?;
    }
    let without: Vec<_> = results
        .iter()
        .filter(|it| it.finding.line.is_none())
        .collect();
    if !without.is_empty() {
        out::result(format_args!("\n{} reports mark no line:", without.len()))?;
    }
    for it in without {
        out::result(format_args!("       {}  ({})", it.said, it.name))?;
    }
    if let Some(it) = results.iter().max_by_key(|it| it.size) {
        let (size, time) = (it.size / 1024, it.time.as_millis());
        out::result(format_args!(
            "\nlargest log: {size} KiB, explained in {time} ms ({})",
            it.name
        ))?;
    }
    Ok(())
}

/// A message without its numbers.
fn family(said: &str) -> String {
    let is_number = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let words = said
        .split(' ')
        .map(|word| if is_number(word) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

impl Row {
    /// True if the verifier rejected it, rather than the kernel or libbpf before.
    fn is_rejected(&self) -> bool {
        !self.loaded && !self.last_words().is_empty()
    }

    /// The verifier's last line that is neither its state nor statistics.
    fn last_words(&self) -> String {
        let (_, log) = self
            .log
            .split_once("-- BEGIN PROG LOAD LOG --")
            .unwrap_or_default();
        let (log, _) = log
            .split_once("-- END PROG LOAD LOG --")
            .unwrap_or_default();
        let is_said = |line: &&str| {
            const OTHER: [&str; 6] = [
                "processed ",
                "insns processed ",
                "verification time",
                "stack depth",
                ";",
                "Func#",
            ];
            let begins = |word: &&str| line.starts_with(word);
            !line.is_empty()
                && !OTHER.iter().any(begins)
                && !line.starts_with(|c: char| c.is_ascii_digit())
        };
        let said = log
            .lines()
            .map(str::trim)
            .rfind(is_said)
            .unwrap_or_default();
        let (said, _) = said.split_once("verification time").unwrap_or((said, ""));
        said.to_owned()
    }

    fn explain(&self, explain: &std::path::Path, object: PathBuf) -> Result<Finding> {
        let mut command = Command::new(explain)
            .args([
                "explain",
                "--output",
                "json",
                "--log",
                "-",
                "--program",
                &self.program,
            ])
            .arg("--object")
            .arg(object)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to run explain")?;
        let mut stdin = command.stdin.take().context("stdin is a pipe")?;
        stdin
            .write_all(self.log.as_bytes())
            .context("failed to pass a log")?;
        drop(stdin);
        let output = command
            .wait_with_output()
            .context("failed to wait for explain")?;
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }
}
