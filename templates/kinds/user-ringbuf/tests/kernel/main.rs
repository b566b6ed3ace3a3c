//! `{{ name }}` on the running kernel: what its user sees.

use std::fs::File;
use std::io::Write as _;
use std::process::{self, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, sandbox, test};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::{TempDir, tempdir};

const TESTS: &[Test] = &[
    test!(signal_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(only_what_is_watched_is_reported),
    test!(foreign_leaves_out_own_signals),
    test!(wrong_commands_are_told_and_others_followed),
    test!(many_commands_arrive_in_order),
    test!(missing_file_is_told),
    test!(privileges_are_given_up),
    test!(old_kernel_is_refused),
];

const FIXTURES: &[Fixture] = &[fixture!(take_signals)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Takes what comes, and raises SIGUSR2 for each SIGUSR1: then it says so.
fn take_signals(_: &[String]) -> Result<()> {
    let signals = SigSet::from_iter([Signal::SIGUSR1, Signal::SIGUSR2]);
    signals.thread_block()?;
    writeln!(std::io::stdout(), "ready")?;
    loop {
        if signals.wait()? == Signal::SIGUSR1 {
            raise(Signal::SIGUSR2)?;
            writeln!(std::io::stdout(), "raised")?;
        }
    }
}

fn target() -> Result<Process> {
    let mut process = Process::start(&mut fixture("take_signals")?)?;
    process.line(|line| line == "ready")?;
    Ok(process)
}

/// The app, and the FIFO that it reads commands from.
struct Commanded {
    app: App,
    commands: File,
    _folder: TempDir,
}

impl Commanded {
    fn start(options: &[&str]) -> Result<Self> {
        let folder = tempdir()?;
        let path = folder.path().join("commands");
        mkfifo(&path, Mode::S_IRWXU)?;
        let path_text = path.to_str().context("no UTF-8")?;
        let app = App::start(&[&["{{ name }}", "--commands", path_text], options].concat())?;
        let commands = File::options().read(true).write(true).open(&path)?;
        Ok(Self {
            app,
            commands,
            _folder: folder,
        })
    }

    fn tell(&mut self, command: &str) -> Result<()> {
        Ok(self.commands.write_all(format!("{command}\n").as_bytes())?)
    }

    /// Has the process watched, and waits until it is.
    fn watch(&mut self, pid: u32) -> Result<()> {
        self.tell(&format!("watch {pid}"))?;
        self.app
            .document(|document| document["type"] == "watch" && document["pid"] == pid)?;
        Ok(())
    }
}

/// Skips the test on a kernel without user ring buffers.
fn needs_user_ring_buffer() -> Result<()> {
    needs::linux("6.1", "user ring buffers")
}

fn signal_has_a_row() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&[])?;
    ensure!(run.app.title().starts_with("TIME     EVENT"), "{}", run.app.title());
    let target = target()?;
    let pid = target.pid();
    run.tell(&format!("watch {pid}"))?;
    run.app.row(|row| row.contains(&format!(" watch  {pid}")))?;
    target.signal(Signal::SIGUSR2)?;
    let row = run.app.row(|row| row.contains(&format!(" signal {pid} ")))?;
    ensure!(row.contains(" SIGUSR2 "), "{row}");
    ensure!(row.contains(&format!(" {} ", process::id())), "{row}");
    run.app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&["-o", "json"])?;
    let target = target()?;
    run.watch(target.pid())?;
    target.signal(Signal::SIGUSR2)?;
    let signal = run.app.document(|document| document["type"] == "signal")?;
    ensure!(signal["signal"] == "SIGUSR2" && signal["by_kernel"] == false, "{signal}");
    run.tell(&format!("forget {}", target.pid()))?;
    run.app.document(|document| document["type"] == "forget")?;
    run.app.documents()?;
    Ok(())
}

fn only_what_is_watched_is_reported() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&["-o", "json"])?;
    let (one, other) = (target()?, target()?);
    one.signal(Signal::SIGUSR2)?;
    run.watch(one.pid())?;
    other.signal(Signal::SIGUSR2)?;
    run.tell(&format!("forget {}", one.pid()))?;
    run.app.document(|document| document["type"] == "forget")?;
    one.signal(Signal::SIGUSR2)?;
    // what comes last is reported, so the others would have been
    run.watch(other.pid())?;
    other.signal(Signal::SIGUSR2)?;
    run.app.document(|document| document["type"] == "signal")?;
    let documents = run.app.documents()?;
    let signals = documents.iter().filter(|document| document["type"] == "signal");
    let pids: Vec<_> = signals.map(|signal| &signal["pid"]).collect();
    ensure!(pids == [other.pid()], "{documents:#?}");
    Ok(())
}

fn foreign_leaves_out_own_signals() -> Result<()> {
    needs_user_ring_buffer()?;
    for (options, own) in [(&["-o", "json"][..], 1), (&["-o", "json", "--foreign"], 0)] {
        let mut run = Commanded::start(options)?;
        let mut target = target()?;
        run.watch(target.pid())?;
        target.signal(Signal::SIGUSR1)?;
        target.line(|line| line == "raised")?;
        // ends it, and comes last
        target.signal(Signal::SIGTERM)?;
        run.app.document(|document| document["signal"] == "SIGTERM")?;
        let documents = run.app.documents()?;
        let signals = documents.iter().filter_map(|document| document["signal"].as_str());
        let count = |name: &str| signals.clone().filter(|signal| *signal == name).count();
        ensure!((count("SIGUSR1"), count("SIGUSR2")) == (1, own), "{documents:#?}");
    }
    Ok(())
}

fn wrong_commands_are_told_and_others_followed() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&["-o", "json"])?;
    for wrong in ["kill 1", "watch", "watch me", "watch 0"] {
        run.tell(wrong)?;
    }
    run.watch(process::id())?;
    run.app
        .end()?
        .expect_stderr("`kill 1` is not a command: use watch PID or forget PID")?
        .expect_stderr("`watch` is not a command")?
        .expect_stderr("`me` is not a process id")?
        .expect_stderr("`0` is not a process id")?;
    Ok(())
}

fn many_commands_arrive_in_order() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&["-o", "json"])?;
    let pids = 1_000_001..1_003_001_u32;
    for pid in pids.clone() {
        run.tell(&format!("watch {pid}"))?;
    }
    run.app.document(|document| document["pid"] == 1_003_000)?;
    let documents = run.app.documents()?;
    let watched = documents.iter().filter_map(|document| document["pid"].as_u64());
    ensure!(watched.eq(pids.map(u64::from)), "{} documents", documents.len());
    Ok(())
}

fn missing_file_is_told() -> Result<()> {
    needs_user_ring_buffer()?;
    Process::run(&mut cli(["{{ name }}", "--commands", "/nonexistent/fifo"]))?
        .expect_code(1)?
        .expect_stderr("failed to open /nonexistent/fifo: No such file or directory")?;
    Ok(())
}

fn privileges_are_given_up() -> Result<()> {
    needs_user_ring_buffer()?;
    let mut run = Commanded::start(&["-o", "json"])?;
    run.watch(process::id())?;
    run.app.process().expect_no_privileges()?;
    run.app.end()?;
    Ok(())
}

fn old_kernel_is_refused() -> Result<()> {
    Process::run(&mut sandbox::on_linux_5_6(&cli(["{{ name }}"]))?)?
        .expect_code(1)?
        .expect_stderr("this kernel has no user ring buffer")?;
    Ok(())
}
