//! `cargo xtask dev` on the running kernel: what its user sees after each change; and the tutorial.

mod scratch;
mod shells;
mod streams;
mod tutorial;

use std::fs;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::loaded::{gone, held_by};
use bpfapps_testkit::{Process, Test, sandbox, test};
use nix::sys::signal::Signal;

use scratch::{APP, BINARY, Scratch};

const TESTS: &[Test] = &[
    test!(no_mistake_ends_what_runs),
    test!(ten_saves_leave_one_running),
    test!(where_two_can_not_run_the_old_one_comes_back),
    test!(who_ends_by_itself_is_started_by_a_change),
    test!(what_limits_the_watching_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[TESTS, streams::TESTS, tutorial::TESTS, shells::TESTS],
        &[],
    )
}

/// A line of the template whose change shows in each row, or breaks the build.
const PID: &str = "e->pid = pid;";

/// The pid in `dev: pid 123: the new version runs, 1.2 s after the change`.
fn pid(line: &str) -> Result<u32> {
    let number = line.split([' ', ':']).find_map(|word| word.parse().ok());
    number.with_context(|| format!("no pid in {line}"))
}

/// Has the app that runs report the birth of a process, and returns the row.
fn row_of_a_child(dev: &mut Process) -> Result<String> {
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    dev.line(|row| row.ends_with(&format!(" {}", child.id())))
}

fn column(row: &str, index: usize) -> &str {
    row.split_whitespace().nth(index).unwrap_or_default()
}

/// The processes that `dev` has started and that live, but for cargo.
fn versions(dev: &Process) -> Result<Vec<u32>> {
    let path = format!("/proc/{0}/task", dev.pid());
    let mut children = Vec::new();
    for thread in fs::read_dir(path)? {
        let text = fs::read_to_string(thread?.path().join("children"))?;
        children.extend(
            text.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    let is_app = |id: &u32| {
        let name = fs::read_to_string(format!("/proc/{id}/comm"));
        name.is_ok_and(|name| name.trim_end() == BINARY)
    };
    children.retain(is_app);
    Ok(children)
}

fn no_mistake_ends_what_runs() -> Result<()> {
    let scratch = Scratch::new("raw-tracepoint")?;
    let source = scratch.source()?;
    let mut dev = Process::start(&mut scratch.dev())?;
    let first = pid(&dev.says("it runs")?)?;
    let held = held_by(first)?;
    row_of_a_child(&mut dev)?;

    scratch.save(&source.replace(PID, "e->pid = 4242;"))?;
    let second = pid(&dev.says("the new version runs")?)?;
    ensure!(second != first, "it is the same process");
    gone(&held)?;
    let row = row_of_a_child(&mut dev)?;
    ensure!(column(&row, 3) == "4242", "the old program: {row}");

    // clang rejects it
    scratch.save(&source.replace(PID, "e->pid = pit;"))?;
    dev.says("error: use of undeclared identifier 'pit'")?;
    dev.says(&format!("failed to build {APP}: pid {second} continues"))?;
    row_of_a_child(&mut dev)?;

    // the kernel rejects it
    scratch.save(&source.replace(PID, "*(__u32 *)ctx->args[0] = pid;"))?;
    dev.says("failed to load")?;
    dev.says(&format!("failed (exit status: 1): pid {second} continues"))?;
    row_of_a_child(&mut dev)?;

    // it is not there at all
    scratch.remove_source()?;
    dev.says("dev_probe.bpf.c is not there")?;
    dev.says(&format!("failed to build {APP}: pid {second} continues"))?;
    row_of_a_child(&mut dev)?;

    // and again as it was
    scratch.save(&source)?;
    let third = pid(&dev.says("the new version runs")?)?;
    let row = row_of_a_child(&mut dev)?;
    ensure!(column(&row, 3) != "4242", "the old program: {row}");
    ensure!(versions(&dev)? == [third], "others run, too");

    let held = held_by(third)?;
    dev.signal(Signal::SIGINT)?;
    dev.wait()?.expect_code(0)?;
    gone(&held)?;
    ensure!(!fs::exists(format!("/proc/{third}"))?, "it still runs");
    scratch.is_left_clean()
}

fn ten_saves_leave_one_running() -> Result<()> {
    let scratch = Scratch::new("raw-tracepoint")?;
    let source = scratch.source()?;
    let mut dev = Process::start(&mut scratch.dev())?;
    dev.says("it runs")?;
    for number in 0..10 {
        scratch.save(&source.replace(PID, &format!("e->pid = {};", 4240 + number)))?;
        // as quickly as a person at most
        thread::sleep(Duration::from_millis(20));
    }
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let newest = pid(&dev.says("the new version runs")?)?;
        let row = row_of_a_child(&mut dev)?;
        if column(&row, 3) == "4249" {
            ensure!(versions(&dev)? == [newest], "others run, too");
            break;
        }
        ensure!(Instant::now() < end, "the last one does not run");
    }
    dev.signal(Signal::SIGTERM)?;
    dev.wait()?.expect_code(0)?;
    scratch.is_left_clean()
}

/// Has a command that runs another run this one, as it is.
fn runs(outer: &mut Command, inner: &Command) {
    outer.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    if let Some(folder) = inner.get_current_dir() {
        outer.current_dir(folder);
    }
}

/// An interface accepts only one XDP program.
fn where_two_can_not_run_the_old_one_comes_back() -> Result<()> {
    let scratch = Scratch::new("xdp-sources")?;
    let source = scratch.source()?;
    // an interface of its own
    let mut alone = Command::new("unshare");
    let command = scratch.dev();
    alone.arg("--net");
    runs(&mut alone, &command);
    let mut dev = Process::start(&mut alone)?;
    let first = pid(&dev.says("it runs")?)?;
    let held = held_by(first)?;

    scratch.save(&format!("{source}\nint changed = 1;\n"))?;
    dev.says("two can not run at once")?;
    let second = pid(&dev.says("the new version runs")?)?;
    gone(&held)?;

    // from now on the old version ends first, and is started again after a mistake
    let held = held_by(second)?;
    scratch.save(&source.replace("return XDP_PASS;", "return *(int *)(long)ctx->data;"))?;
    dev.says("the new version failed (exit status: 1)")?;
    let third = pid(&dev.says("the last good version runs again")?)?;
    gone(&held)?;
    ensure!(versions(&dev)? == [third], "others run, too");
    let held = held_by(third)?;
    dev.signal(Signal::SIGTERM)?;
    dev.wait()?.expect_code(0)?;
    gone(&held)
}

fn who_ends_by_itself_is_started_by_a_change() -> Result<()> {
    let scratch = Scratch::new("task-iterator")?;
    let source = scratch.source()?;
    let mut dev = Process::start(&mut scratch.dev())?;
    dev.says("has ended by itself (exit status: 0): waiting for a change")?;
    scratch.save(&format!("{source}\nint changed = 1;\n"))?;
    dev.says("has ended by itself (exit status: 0): waiting for a change")?;
    ensure!(versions(&dev)?.is_empty(), "one still runs");
    dev.signal(Signal::SIGTERM)?;
    dev.wait()?.expect_code(0)?;
    scratch.is_left_clean()
}

fn what_limits_the_watching_is_named() -> Result<()> {
    // skips before anything is built
    sandbox::in_user_namespace(&Command::new("true"))?;
    let scratch = Scratch::new("raw-tracepoint")?;
    for (limit, value, sysctl) in [
        ("max_inotify_instances", 0, "fs.inotify.max_user_instances"),
        ("max_inotify_watches", 2, "fs.inotify.max_user_watches"),
    ] {
        let command = scratch.dev();
        let mut limited = Command::new("unshare");
        limited.args(["--user", "--map-root-user", "sh", "-c"]);
        limited.arg(format!(
            "echo {value} > /proc/sys/user/{limit} && exec \"$0\" \"$@\""
        ));
        runs(&mut limited, &command);
        let exit = Process::run(&mut limited)?.expect_code(1)?;
        let exit = exit.expect_stderr(&format!("error: failed to watch the sources: {sysctl}"))?;
        exit.expect_stderr(&format!("sudo sysctl {sysctl}="))?;
    }
    Ok(())
}
