//! `{{ name }}` on the running kernel: what its user sees.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{self, ExitCode};
use std::thread;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, sandbox, skip, test};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::tempdir;

const TESTS: &[Test] = &[
    test!(file_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(failed_leaves_out_what_worked),
    test!(others_are_left_out),
    test!(process_of_a_container_has_its_number),
    test!(rows_of_two_cpus_are_in_order),
    test!(end_comes_after_so_many),
    test!(losses_are_told),
    test!(works_without_tracefs),
    test!(privileges_are_given_up),
];

const FIXTURES: &[Fixture] = &[fixture!(open_a_lot), fixture!(open_until_killed)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

fn own() -> String {
    process::id().to_string()
}

/// Tries to open a file that is not there, and returns its path.
fn open_nothing(name: &str) -> String {
    let path = format!("/nonexistent/{name}");
    assert!(!Path::new(&path).exists() && File::open(&path).is_err());
    path
}

/// Opens the file of the argument as often as the other says.
fn open_a_lot(args: &[String]) -> Result<()> {
    let [path, count] = args else {
        anyhow::bail!("a path, and how often");
    };
    for _ in 0..count.parse()? {
        let _ = File::open(path);
    }
    Ok(())
}

/// Opens what is not there, again and again.
fn open_until_killed(_: &[String]) -> Result<()> {
    loop {
        let _ = File::open("/nonexistent/again");
    }
}

fn file_has_a_row() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "--pid", &own()])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let folder = tempdir()?;
    let path = folder.path().join("a file");
    File::create(&path)?.set_permissions(Permissions::from_mode(0o600))?;
    let row = app.row(|row| row.ends_with(&path.display().to_string()))?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[2] == own() && words[5].parse::<u32>().is_ok(), "{row}");
    let missing = open_nothing("row");
    let row = app.row(|row| row.ends_with(&missing))?;
    ensure!(row.split_whitespace().nth(5) == Some("ENOENT"), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--pid", &own()])?;
    let path = open_nothing("document");
    let failed = app.document(|document| document["path"] == path)?;
    ensure!(failed["error"] == "ENOENT" && failed["result"] == -2, "{failed}");
    drop(File::open("/dev/null")?);
    app.document(|document| document["path"] == "/dev/null" && document["error"].is_null())?;
    app.documents()?;
    Ok(())
}

fn failed_leaves_out_what_worked() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--failed", "--pid", &own()])?;
    drop(File::open("/dev/null")?);
    let path = open_nothing("failed");
    app.document(|document| document["path"] == path)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["result"].as_i64() >= Some(0)), "{documents:#?}");
    Ok(())
}

fn others_are_left_out() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--pid", &own()])?;
    Process::run(fixture("open_a_lot")?.args(["/dev/null", "1"]))?.expect_code(0)?;
    let path = open_nothing("ours");
    app.document(|document| document["path"] == path)?;
    let documents = app.documents()?;
    let mut opens = documents.iter().filter(|document| document["type"] == "open");
    ensure!(opens.all(|open| open["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

fn process_of_a_container_has_its_number() -> Result<()> {
    let app = ["{{ name }}", "-n", "1"];
    sandbox::filters_in_pid_namespace(&app, "while : < /dev/null; do sleep 0.01; done")
}

/// Turns on two CPUs, each of which has a ring of its own.
fn open_in_turns(cpus: &[usize], count: usize) -> Result<()> {
    for turn in 0..count {
        let mut one = CpuSet::new();
        one.set(cpus[turn % 2])?;
        sched_setaffinity(Pid::from_raw(0), &one)?;
        open_nothing(&turn.to_string());
    }
    Ok(())
}

fn rows_of_two_cpus_are_in_order() -> Result<()> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let all = 0..CpuSet::count();
    let cpus: Vec<_> = all.filter(|&cpu| allowed.is_set(cpu) == Ok(true)).collect();
    if cpus.len() < 2 {
        return skip("needs two CPUs");
    }
    let mut app = App::start(&["{{ name }}", "-o", "json", "--failed", "--pid", &own()])?;
    // what comes while it waits is read together; in the middle of reading it would be in two parts
    app.process().wait_for_state('S')?;
    app.process().signal(Signal::SIGSTOP)?;
    app.process().wait_for_state('T')?;
    let turns = thread::spawn(move || open_in_turns(&cpus, 100));
    turns.join().expect("it does not panic")?;
    app.process().signal(Signal::SIGCONT)?;
    app.document(|document| document["path"] == "/nonexistent/99")?;
    let documents = app.documents()?;
    let paths = documents.iter().filter_map(|document| document["path"].as_str());
    let turns = paths.filter_map(|path| path.strip_prefix("/nonexistent/")?.parse().ok());
    let turns: Vec<u32> = turns.collect();
    ensure!(turns.iter().copied().eq(0..100), "{turns:?}");
    Ok(())
}

fn end_comes_after_so_many() -> Result<()> {
    let other = Process::start(&mut fixture("open_until_killed")?)?;
    let pid = other.pid().to_string();
    // so large that nothing is lost but what came before there was a ring
    let args = ["{{ name }}", "-n", "5", "--pid", &pid, "--ring-size", "4M"];
    let exit = Process::run(&mut cli(args))?.expect_code(0)?.expect_no_stderr()?;
    ensure!(exit.stdout.len() == 6, "{exit:#?}");
    Ok(())
}

/// A stopped reader can't keep up: what came and what was lost are all that there was.
fn losses_are_told() -> Result<()> {
    let count = 20_000_u64;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--ring-size", "16K"])?;
    let path = "/nonexistent/storm";
    app.process().signal(Signal::SIGSTOP)?;
    let storm = Process::run(fixture("open_a_lot")?.args([path, &count.to_string()]))?;
    let pid = storm.expect_code(0)?.pid;
    app.process().signal(Signal::SIGCONT)?;
    app.document(|document| document["type"] == "lost" && document["stage"] == "ring")?;
    let exit = app.end()?.expect_stderr(" events: the ring buffer was full (cpu ")?;
    let documents: Vec<Value> = exit
        .stdout
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    let came = documents.iter().filter(|document| document["pid"] == pid).count() as u64;
    let lost: u64 = documents.iter().filter_map(|document| document["count"].as_u64()).sum();
    ensure!(came + lost >= count, "{came} came and {lost} were lost: {count} there were");
    ensure!(came > 0 && lost > 0 && lost < 2 * count, "{came} came and {lost} were lost");
    Ok(())
}

fn works_without_tracefs() -> Result<()> {
    let args = ["{{ name }}", "--timeout", "60", "-n", "1"];
    let _other = Process::start(&mut fixture("open_until_killed")?)?;
    let exit = Process::run(&mut sandbox::without_tracefs(&cli(args))?)?.expect_code(0)?;
    exit.stdout.get(1).context("no row came")?;
    Ok(())
}

fn privileges_are_given_up() -> Result<()> {
    let mut app = App::start(&["{{ name }}", "--pid", &own()])?;
    app.process().expect_no_privileges()?;
    let path = open_nothing("unprivileged");
    app.row(|row| row.ends_with(&path))?;
    app.end()?;
    Ok(())
}
