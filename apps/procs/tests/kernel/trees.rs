//! A process and all below it: children, cgroups, containers, namespaces.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::cgroup::Cgroup;
use bpfapps_testkit::{Process, Test, cli, fixture, own_path, program, sandbox, test};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::row::{Row, row, rows_of, start};
use crate::storm::rows;

pub(crate) const TESTS: &[Test] = &[
    test!(children_are_those_that_are_there_and_those_to_come),
    test!(cgroup_is_that_and_all_below_it),
    test!(namespaces_are_those_of_the_process),
    test!(works_inside_a_pid_namespace),
];

fn children_are_those_that_are_there_and_those_to_come() -> Result<()> {
    // sh ── fixture, which exists already, and whose child comes later
    let mut family = Command::new("sh")
        .args(["-c", r#"echo; "$0"; true"#])
        .arg(own_path()?)
        .env("BPFAPPS_FIXTURE", "fork_on_a_line")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let pid = family.id();
    let there = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
    };
    let begin = Instant::now();
    while there(pid).trim().is_empty() {
        ensure!(
            begin.elapsed() < Duration::from_secs(5),
            "the fixture does not start"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let only = start(&["--pid", &pid.to_string()])?;
    let mut all = start(&["--pid", &pid.to_string(), "--children"])?;
    Command::new("true").status()?;
    family
        .stdin
        .take()
        .context("stdin is a pipe")?
        .write_all(b"\n")?;
    family.wait()?;
    row(&mut all, |row| row.pid == pid && row.event == "EXIT")?;
    all.signal(Signal::SIGINT)?;
    let rows = rows(&all.wait()?.expect_code(0)?);
    let events: Vec<_> = rows
        .iter()
        .map(|row| (row.event.as_str(), &row.rest[..3]))
        .collect();
    // the shell's child, the fixture's end, the end of the shell
    let expected = [
        ("EXEC", "/us"),
        ("EXIT", "[4]"),
        ("EXIT", "[0]"),
        ("EXIT", "[0]"),
    ];
    ensure!(events == expected, "{rows:#?}");
    only.signal(Signal::SIGINT)?;
    let exit = only.wait()?.expect_code(0)?;
    ensure!(
        rows_of(pid, &exit.stdout).len() == 1 && exit.stdout.len() == 2,
        "{exit:#?}"
    );
    Ok(())
}

fn cgroup_is_that_and_all_below_it() -> Result<()> {
    let container = "0123456789abcdef".repeat(4);
    let outer = Cgroup::new()?;
    let cgroup = outer.below(&format!("docker-{container}.scope"))?;
    let script = format!(
        "echo $$ > {}/cgroup.procs && exec sh -c 'exit 5'",
        cgroup.path()
    );
    for path in [outer.path(), cgroup.path()] {
        let args = ["procs", "-o", "json", "--cgroup", path];
        let mut procs = Process::start(&mut cli(args))?;
        procs.line(|line| line.contains("ready"))?;
        Command::new("true").status()?;
        let child = Process::start(Command::new("sh").args(["-c", &script]))?;
        let pid = child.pid();
        child.wait()?.expect_code(5)?;
        let line = procs.line(|line| line.contains("\"exit\""))?;
        procs.signal(Signal::SIGINT)?;
        let exit = procs.wait()?.expect_code(0)?;
        ensure!(exit.stdout.len() == 3, "{exit:#?}");
        let seen: Value = serde_json::from_str(&line)?;
        ensure!(seen["pid"] == pid && seen["exit_code"] == 5, "{seen}");
        ensure!(seen["container_id"] == container, "{seen}");
        ensure!(seen["cgroup_id"] == cgroup.id()?, "{seen}");
    }
    let exit = Process::run(&mut cli(["procs", "--cgroup", "/etc"]))?.expect_code(2)?;
    exit.expect_stderr("`/etc` is not a cgroup v2")?;
    Ok(())
}

fn namespaces_are_those_of_the_process() -> Result<()> {
    let mut procs = Process::start(&mut cli(["procs", "-o", "json"]))?;
    procs.line(|line| line.contains("ready"))?;
    let script = "readlink /proc/self/ns/pid; readlink /proc/self/ns/mnt; exit 7";
    let mut shell = Command::new("sh");
    let mut command = sandbox::in_pid_namespace(shell.args(["-c", script]))?;
    let exit = Process::run(&mut command)?.expect_code(7)?;
    let line = procs.line(|line| line.contains("\"exit_code\":7,"))?;
    let seen: Value = serde_json::from_str(&line)?;
    let shown = [
        format!("pid:[{}]", seen["pid_ns"]),
        format!("mnt:[{}]", seen["mnt_ns"]),
    ];
    ensure!(exit.stdout == shown, "{seen} {exit:#?}");
    ensure!(
        seen["ns_pid"].as_u64() < Some(10) && seen["pid"].as_u64() > Some(10),
        "{seen}"
    );
    Ok(())
}

fn works_inside_a_pid_namespace() -> Result<()> {
    let command = cli(["procs", "--", "sh", "-c", "true; exit 6"]);
    let mut command = sandbox::in_pid_namespace(&command)?;
    let other = Process::start(fixture("fork_many")?.args(["other", "1000000"]))?;
    let exit = Process::run(&mut command)?.expect_code(6)?;
    drop(other);
    let rows = rows(&exit);
    let last = rows.last().context("no row")?;
    ensure!(
        rows[0].event == "EXEC" && last.rest.starts_with("[6]"),
        "{rows:#?}"
    );
    ensure!(rows.iter().all(|row| row.comm != "other"), "{rows:#?}");
    // the numbers that are known there
    ensure!(rows.iter().all(|row| row.pid < 10), "{rows:#?}");

    // --pid means such a number, too
    let script = r#"sh -c 'read line; exec sleep 0' < "$1" & p=$!; "$0" procs --pid $p > "$2" & b=$!;
        echo $p $$;
        while ! grep -q TIME "$2"; do sleep 0.01; done; echo > "$1";
        while ! grep -q "EXIT  " "$2"; do sleep 0.01; done; kill $b; wait $b"#;
    let folder = tempfile::tempdir()?;
    let (fifo, output) = (folder.path().join("fifo"), folder.path().join("output"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .arg(program())
        .args([&fifo, &output]);
    let mut command = sandbox::in_pid_namespace(&shell)?;
    command.process_group(0);
    let exit = Process::run(&mut command)?.expect_code(0)?;
    let lines: Vec<_> = fs::read_to_string(&output)?
        .lines()
        .map(str::to_owned)
        .collect();
    let rows: Vec<_> = lines.iter().filter_map(|line| Row::of(line)).collect();
    let events = rows.iter().map(|row| row.event.as_str());
    let is_one = |row: &Row| exit.stdout == [format!("{} {}", row.pid, row.ppid)];
    // its shell may have been started before or after
    ensure!(
        events.rev().take(2).eq(["EXIT", "EXEC"]) && rows.iter().all(is_one),
        "{exit:#?} {lines:#?}"
    );
    Ok(())
}
