//! `bpfapps minimal` on the running kernel: what its user sees.

mod fixtures;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::sandbox::Call;
use bpfapps_testkit::{Process, Test, cli, fixture, installed, program, sandbox, test};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::Signal;

const TESTS: &[Test] = &[
    test!(once_shows_its_line),
    test!(line_comes_every_second),
    test!(works_without_tracefs),
    test!(private_mount_stays_private),
    test!(others_still_get_the_line),
    test!(no_line_of_another_process),
    test!(works_in_a_pid_namespace),
    test!(without_a_line_it_says_why),
    test!(old_kernel_is_told_where_the_line_is),
    test!(signals_end_it_with_zero),
    test!(kill_leaves_nothing),
    test!(privileges_are_given_up),
    test!(without_privileges_it_says_so),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[fixtures::FIXTURES])
}

/// The end of the line that the process `pid` causes.
fn triggered(pid: u32) -> String {
    format!(": bpf_trace_printk: BPF triggered from PID {pid}.")
}

fn once() -> Command {
    cli(["minimal", "--once"])
}

/// Starts `command` and waits until it says that it has started.
fn started(command: &mut Command) -> Result<Process> {
    let mut minimal = Process::start(command)?;
    minimal.line(|line| line == "Successfully started!")?;
    Ok(minimal)
}

/// Runs `command` to its end, which is to come with 0 after exactly its own line.
fn shows_its_line(command: &mut Command) -> Result<()> {
    let minimal = Process::start(command)?;
    let pid = minimal.pid();
    let exit = minimal.wait()?.expect_code(0)?;
    ensure!(
        exit.stdout.len() == 2 && exit.stdout[0] == "Successfully started!",
        "{exit:#?}"
    );
    ensure!(exit.stdout[1].ends_with(&triggered(pid)), "{exit:#?}");
    ensure!(
        exit.stdout[1]
            .trim_start()
            .starts_with(&format!("bpfapps-{pid} ")),
        "{exit:#?}"
    );
    ensure!(exit.stderr == ["."], "{exit:#?}");
    Ok(())
}

fn once_shows_its_line() -> Result<()> {
    shows_its_line(&mut sandbox::with_tracefs(&once())?)
}

fn line_comes_every_second() -> Result<()> {
    let mut minimal = started(&mut cli(["minimal"]))?;
    let end = triggered(minimal.pid());
    minimal.line(|line| line.ends_with(&end))?;
    let first = Instant::now();
    minimal.line(|line| line.ends_with(&end))?;
    minimal.line(|line| line.ends_with(&end))?;
    let two = first.elapsed();
    ensure!(
        (1_800..2_600).contains(&two.as_millis()),
        "two lines took {two:?}"
    );

    minimal.signal(Signal::SIGINT)?;
    let exit = minimal.wait()?.expect_code(0)?;
    // One dot for each line: showing a line does not trigger another one.
    ensure!(
        exit.stderr == [".".repeat(exit.stdout.len() - 1)],
        "{exit:#?}"
    );
    Ok(())
}

fn works_without_tracefs() -> Result<()> {
    shows_its_line(&mut sandbox::without_tracefs(&once())?)
}

fn private_mount_stays_private() -> Result<()> {
    Process::run(fixture("watch_mounts")?.arg(program()))?.expect_code(0)?;
    Ok(())
}

fn others_still_get_the_line() -> Result<()> {
    let mut reader = Process::start(&mut sandbox::with_tracefs(&fixture("read_trace_pipe")?)?)?;
    reader.line(|line| line == "reading")?;
    let minimal = Process::start(&mut once())?;
    let end = triggered(minimal.pid());
    let exit = minimal.wait()?.expect_code(0)?;
    ensure!(exit.stdout[1].ends_with(&end), "{exit:#?}");
    reader.line(|line| line.ends_with(&end))?;
    Ok(())
}

fn no_line_of_another_process() -> Result<()> {
    let mut other = Process::start(&mut sandbox::with_tracefs(&fixture("print_all_the_time")?)?)?;
    other.line(|line| line == "printing")?;
    for _ in 0..5 {
        shows_its_line(&mut once())?;
    }
    Ok(())
}

fn works_in_a_pid_namespace() -> Result<()> {
    let exit = Process::run(&mut sandbox::in_pid_namespace(&once())?)?.expect_code(0)?;
    // The first process of the namespace is number 1 in there.
    ensure!(exit.stdout[1].ends_with(&triggered(1)), "{exit:#?}");
    Ok(())
}

fn without_a_line_it_says_why() -> Result<()> {
    // a write of a single byte never gets to the tracepoint
    let write = Call {
        number: libc::SYS_write,
        argument: 2,
        value: 1,
    };
    let mut refused = sandbox::refusing(write, Errno::EPERM, &once())?;
    let start = Instant::now();
    let exit = Process::run(&mut refused)?.expect_code(1)?;
    let took = start.elapsed();
    ensure!(
        (Duration::from_secs(3)..Duration::from_secs(5)).contains(&took),
        "{took:?}"
    );
    exit.expect_stderr("error: no trace line came within 3 s")?
        .expect_stderr("hint: likely")?;
    Ok(())
}

fn old_kernel_is_told_where_the_line_is() -> Result<()> {
    let minimal = started(&mut sandbox::on_linux_5_6(&cli(["minimal"]))?)?;
    minimal.signal(Signal::SIGINT)?;
    let exit = minimal.wait()?.expect_code(0)?;
    ensure!(exit.stdout == ["Successfully started!"], "{exit:#?}");
    exit.expect_stderr("before Linux 5.9 the lines are not shown here: read trace_pipe")?;
    Ok(())
}

fn signals_end_it_with_zero() -> Result<()> {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let before = loaded();
        let minimal = started(&mut cli(["minimal"]))?;
        let sent = Instant::now();
        minimal.signal(signal)?;
        minimal.wait()?.expect_code(0)?;
        ensure!(
            sent.elapsed() < Duration::from_millis(500),
            "{signal}: {:?}",
            sent.elapsed()
        );
        nothing_left(&before)?;
    }
    Ok(())
}

fn kill_leaves_nothing() -> Result<()> {
    let before = loaded();
    let minimal = started(&mut cli(["minimal"]))?;
    ensure!(loaded() != before, "it has loaded nothing");
    minimal.signal(Signal::SIGKILL)?;
    minimal.wait()?;
    nothing_left(&before)
}

fn privileges_are_given_up() -> Result<()> {
    let mut minimal = started(&mut cli(["minimal"]))?;
    minimal.expect_no_privileges()?;
    let own = triggered(minimal.pid());
    minimal.line(|line| line.ends_with(&own))?;
    Ok(())
}

fn without_privileges_it_says_so() -> Result<()> {
    let (_folder, program) = installed()?;
    let mut command = Command::new(program);
    let exit = Process::run(&mut sandbox::as_nobody(command.arg("minimal"))?)?.expect_code(1)?;
    let first = exit.stderr.first().context("nothing is said")?;
    ensure!(
        first == "error[BPF0045]: missing CAP_BPF and CAP_PERFMON",
        "{exit:#?}"
    );
    // tracefs belongs to root, and minimal gets no capability that opens every file
    ensure!(!format!("{exit:?}").contains("dac_"), "{exit:#?}");
    exit.expect_stderr("; without root it also requires tracefs mounted for a group of theirs: ")?;
    Ok(())
}
