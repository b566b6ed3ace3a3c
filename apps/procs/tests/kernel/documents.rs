//! JSON and YAML.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::{self, Command};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, cli, fixture, test};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::storm::storm;

pub(crate) const TESTS: &[Test] = &[
    test!(json_is_what_the_schema_says),
    test!(hostile_names_come_back_from_json),
    test!(loss_is_a_document),
    test!(yaml_says_the_same_as_json),
    test!(documents_of_a_run_share_its_id),
    test!(command_does_not_write_among_documents),
    test!(file_has_the_rows_alone),
];

/// Starts a procs that prints JSON, and waits for its first document.
pub(crate) fn start(args: &[&str]) -> Result<Process> {
    let mut process = Process::start(&mut cli([&["procs", "-o", "json"], args].concat()))?;
    process.line(|line| line.contains("\"type\":\"ready\""))?;
    Ok(process)
}

/// Ends procs and returns all documents, each checked against the schema.
pub(crate) fn documents(procs: Process) -> Result<Vec<Value>> {
    procs.signal(Signal::SIGINT)?;
    let lines = procs.wait()?.expect_code(0)?.stdout;
    let documents = lines.iter().map(|line| serde_json::from_str(line));
    let documents: Vec<Value> = documents.collect::<Result<_, _>>().context("no JSON")?;
    let schema = Process::run(&mut cli(["schema", "procs"]))?
        .expect_code(0)?
        .stdout;
    let schema = serde_json::from_str(&schema.join("\n")).context("the schema is no JSON")?;
    let schema = jsonschema::validator_for(&schema).context("the schema is none")?;
    for document in &documents {
        if let Err(err) = schema.validate(document) {
            anyhow::bail!("{err}: {document}");
        }
    }
    Ok(documents)
}

/// The documents that are events. From Linux 7 on, runs of a BPF program may be skipped, and counted
/// as lost, for processes that a filter leaves out.
pub(crate) fn events(documents: &[Value]) -> Vec<&Value> {
    let is_event = |document: &&Value| {
        document["type"] != "ready"
            && (document["type"] != "lost" || document["stage"] != "program")
    };
    documents.iter().filter(is_event).collect()
}

pub(crate) fn of(pid: u32, documents: &[Value]) -> Vec<&Value> {
    documents
        .iter()
        .filter(|document| document["pid"] == pid)
        .collect()
}

/// Waits for the exit of a child of ours.
pub(crate) fn run(procs: &mut Process, command: &mut Command) -> Result<u32> {
    let mut child = command.spawn().context("failed to run a child")?;
    child.wait()?;
    let pid = child.id();
    procs.line(|line| line.contains("\"exit\"") && line.contains(&format!("\"pid\":{pid},")))?;
    Ok(pid)
}

fn json_is_what_the_schema_says() -> Result<()> {
    let mut procs = start(&[])?;
    let killed = run(&mut procs, Command::new("sh").args(["-c", "kill -TERM $$"]))?;
    let failed = run(
        &mut procs,
        Command::new("sh").args(["-c", "sleep 0.1; exit 7"]),
    )?;
    Process::run(&mut fixture("fork_without_exec")?)?.expect_code(0)?;
    let documents = documents(procs)?;

    let [exec, exit] = of(failed, &documents)[..] else {
        anyhow::bail!("{documents:#?}")
    };
    ensure!(
        exec["type"] == "exec" && exec["filename"] == "/usr/bin/sh",
        "{exec}"
    );
    ensure!(
        exec["ppid"] == process::id() && exec["comm"] == "sh",
        "{exec}"
    );
    ensure!(
        exit["exit_code"] == 7 && exit["duration_since"] == "exec",
        "{exit}"
    );
    ensure!(exit["duration_ns"].as_u64() > Some(100_000_000), "{exit}");
    let killed = of(killed, &documents)[1];
    ensure!(
        killed["signal"] == "SIGTERM" && killed["core_dumped"] == false,
        "{killed}"
    );
    let forked = documents.iter().find(|document| document["exit_code"] == 3);
    let forked = forked.context("no exit of the fork")?;
    ensure!(forked["duration_since"] == "start", "{forked}");
    Ok(())
}

fn hostile_names_come_back_from_json() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for name in [
        &b"a\"b\\c\nd"[..],
        b"\x1b[2J\xe2\x80\xae",
        b"\xff\xfe",
        "日本".as_bytes(),
    ] {
        let path = folder.path().join(OsStr::from_bytes(name));
        symlink("/bin/true", &path)?;
        let mut procs = start(&[])?;
        let pid = run(&mut procs, &mut Command::new(&path))?;
        let documents = documents(procs)?;
        let exec = of(pid, &documents)[0];
        let expected = path.to_string_lossy();
        ensure!(exec["filename"] == expected.as_ref(), "{exec}");
        let hex = path
            .as_os_str()
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"));
        let hex = (expected.contains('\u{fffd}')).then(|| Value::from(hex.collect::<String>()));
        ensure!(exec.get("filename_hex") == hex.as_ref(), "{exec}");
    }
    Ok(())
}

fn loss_is_a_document() -> Result<()> {
    let mut procs = start(&["--ring-size", "4096"])?;
    for _ in 0..2 {
        procs.signal(Signal::SIGSTOP)?;
        Process::run(&mut storm(100)?)?.expect_code(0)?;
        procs.signal(Signal::SIGCONT)?;
        procs.line(|line| line.contains("\"lost\""))?;
    }
    let documents = documents(procs)?;
    let lost: Vec<_> = documents
        .iter()
        .filter(|document| document["type"] == "lost")
        .collect();
    // each stage has a total of its own
    let in_ring = lost.iter().filter(|document| document["stage"] == "ring");
    let last = in_ring.clone().next_back().context("no loss is reported")?;
    let sum: u64 = in_ring
        .filter_map(|document| document["count"].as_u64())
        .sum();
    ensure!(last["total"] == sum && sum > 50, "{lost:#?}");
    let sum: u64 = lost
        .iter()
        .filter_map(|document| document["count"].as_u64())
        .sum();
    let exits = documents
        .iter()
        .filter(|document| document["type"] == "exit")
        .count() as u64;
    ensure!(
        lost.len() >= 2 && exits + sum >= 200,
        "{exits} exits, {sum} lost"
    );
    Ok(())
}

fn yaml_says_the_same_as_json() -> Result<()> {
    let mut command = cli(["procs", "-o", "yaml", "-n", "2"]);
    let mut procs = Process::start(&mut command)?;
    procs.line(|line| line == "type: \"ready\"")?;
    Process::run(&mut storm(2)?)?.expect_code(0)?;
    let lines = procs.wait()?.expect_code(0)?.stdout.join("\n");
    let documents: Vec<Value> = serde_yaml::Deserializer::from_str(&lines)
        .map(serde::Deserialize::deserialize)
        .collect::<Result<_, _>>()
        .context("no YAML")?;
    let types: Vec<_> = documents.iter().map(|document| &document["type"]).collect();
    ensure!(types.len() == 3 && types[0] == "ready", "{documents:#?}");
    ensure!(
        documents.iter().all(|document| document["version"] == 1),
        "{documents:#?}"
    );
    Ok(())
}

fn documents_of_a_run_share_its_id() -> Result<()> {
    let ids = || -> Result<Vec<Value>> {
        let exit = Process::run(&mut cli(["procs", "-o", "json", "--", "true"]))?;
        let documents = exit.expect_code(0)?.stdout;
        let ids = documents.iter().map(|line| {
            let document: Value = serde_json::from_str(line)?;
            Ok(document["run"].clone())
        });
        ids.collect()
    };
    let (one, other) = (ids()?, ids()?);
    ensure!(
        one.len() == 3 && one.iter().all(|id| *id == one[0]),
        "{one:?}"
    );
    ensure!(one[0] != other[0], "{one:?}, {other:?}");
    Ok(())
}

/// Its output looks like a document.
const FORGED: &str = r#"echo '{"version":1,"type":"exec","comm":"forged"}'"#;

fn command_does_not_write_among_documents() -> Result<()> {
    for format in ["json", "yaml"] {
        let mut command = cli(["procs", "-o", format, "--", "sh", "-c", FORGED]);
        let exit = Process::run(&mut command)?.expect_code(0)?;
        ensure!(!exit.stdout.concat().contains("forged"), "{exit:#?}");
        exit.expect_stderr("forged")?;
    }
    Ok(())
}

fn file_has_the_rows_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rows");
    fs::write(&file, "what was there\n".repeat(100))?;
    for (format, rows) in [("table", 3), ("json", 3)] {
        let mut command = cli(["procs", "-o", format, "--output-file"]);
        let exit = Process::run(command.arg(&file).args(["--", "sh", "-c", FORGED]))?;
        let exit = exit.expect_code(0)?.expect_no_stderr()?;
        ensure!(
            exit.stdout.len() == 1 && exit.stdout[0].contains("forged"),
            "{exit:#?}"
        );
        let text = fs::read_to_string(&file)?;
        ensure!(
            text.lines().count() == rows && !text.contains("forged"),
            "{text}"
        );
    }

    let mut command = cli(["procs", "--output-file", "/dev/full", "--", "true"]);
    Process::run(&mut command)?
        .expect_code(1)?
        .expect_stderr("error: failed to write to /dev/full: No space left on device")?;
    Process::run(&mut cli(["procs", "--output-file", "/nonexistent/rows"]))?
        .expect_code(1)?
        .expect_stderr("error: failed to write to /nonexistent/rows: No such file")?;
    Ok(())
}
