//! What an app tells systemd.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bpfapps_core::Capability::{CAP_BPF, CAP_DAC_OVERRIDE, CAP_PERFMON};
use bpfapps_host::Release;
use bpfapps_testkit::{Process, Test, cli, lending, sandbox, skip, test};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Folder, PATIENCE, Shell};

pub(crate) const TESTS: &[Test] = &[
    test!(start_and_end_are_told),
    test!(events_and_losses_are_the_status),
    test!(loop_of_events_is_the_pulse),
    test!(app_without_events_has_a_pulse),
    test!(manager_that_does_not_listen_holds_nothing_up),
    test!(nobody_there_is_no_failure),
    test!(command_is_not_the_service),
    test!(socket_of_others_is_not_used_for_the_caller),
];

/// The manager's socket.
struct Manager {
    socket: UnixDatagram,
    name: String,
    _folder: TempDir,
}

impl Manager {
    fn at_path() -> Result<Self> {
        let folder = TempDir::new()?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path)?;
        // as that of systemd
        fs::set_permissions(&path, Permissions::from_mode(0o777))?;
        Ok(Self {
            socket,
            name: path.display().to_string(),
            _folder: folder,
        })
    }

    fn abstract_one() -> Result<Self> {
        let folder = TempDir::new()?;
        let name = folder.path().display().to_string();
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        Ok(Self {
            socket,
            name: format!("@{name}"),
            _folder: folder,
        })
    }

    /// Starts it as a service.
    fn start(&self, command: &mut Command) -> Result<Process> {
        Process::start(command.env("NOTIFY_SOCKET", &self.name))
    }

    /// The next message, if one comes in that time.
    fn within(&self, time: Duration) -> Result<Option<String>> {
        self.socket.set_read_timeout(Some(time))?;
        let mut message = [0; 256];
        match self.socket.recv(&mut message) {
            Ok(length) => Ok(Some(String::from_utf8(message[..length].to_vec())?)),
            Err(err) if err.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(err) => Err(err.into()),
        }
    }

    fn next(&self) -> Result<String> {
        self.within(PATIENCE)?.context("no message came")
    }

    /// Waits for this message.
    fn until(&self, wanted: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.next()? == wanted {
                return Ok(());
            }
        }
        bail!("{wanted} did not come")
    }
}

fn start_and_end_are_told() -> Result<()> {
    for manager in [Manager::at_path()?, Manager::abstract_one()?] {
        for args in [&["procs", "--comm", "none"][..], &["minimal"]] {
            let mut app = manager.start(&mut cli(args.iter().copied()))?;
            app.line(|_| true)?;
            let first = manager.next()?;
            ensure!(first == "READY=1", "{args:?}: {first}");
            app.expect_no_privileges()?;
            app.signal(Signal::SIGTERM)?;
            let last = manager.next()?;
            ensure!(last == "STOPPING=1", "{args:?}: {last}");
            app.wait()?.expect_code(0)?;
            let more = manager.within(Duration::from_millis(1))?;
            ensure!(more.is_none(), "{args:?}: {more:?}");
        }
    }
    // what fails is not ready
    let manager = Manager::at_path()?;
    let mut command = cli(["procs", "--output-file", "/nonexistent/x"]);
    manager.start(&mut command)?.wait()?.expect_code(1)?;
    let more = manager.within(Duration::from_millis(1))?;
    ensure!(more.is_none(), "{more:?}");
    Ok(())
}

fn events_and_losses_are_the_status() -> Result<()> {
    let manager = Manager::at_path()?;
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    let mut command = cli(["procs"]);
    command.env("NOTIFY_SOCKET", &manager.name);
    let args = ["--ring-size", "4096"];
    let procs = shell.traced_by(&mut command, &folder.file(), &args)?;
    ensure!(manager.next()? == "READY=1");
    shell.run(1)?;
    let first = manager.next()?;
    ensure!(first.ends_with(" events, 0 lost"), "{first}");
    procs.signal(Signal::SIGSTOP)?;
    procs.wait_for_state('T')?;
    shell.run(100)?;
    procs.signal(Signal::SIGCONT)?;
    // not at once again, but without a further event
    let second = manager.next()?;
    let numbers: Vec<u32> = second
        .split(['=', ' '])
        .filter_map(|word| word.parse().ok())
        .collect();
    let [events, lost] = numbers[..] else {
        bail!("{second}")
    };
    ensure!(lost > 0 && events + lost >= 202, "{second}");
    Ok(())
}

fn loop_of_events_is_the_pulse() -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(1);
    let manager = Manager::abstract_one()?;
    let mut command = cli(["procs", "--comm", "none"]);
    let app = manager.start(command.env("WATCHDOG_USEC", "1000000"))?;
    ensure!(manager.next()? == "READY=1");
    let start = Instant::now();
    for _ in 0..3 {
        let message = manager.within(LIMIT)?;
        ensure!(message.as_deref() == Some("WATCHDOG=1"), "{message:?}");
    }
    // at half the time
    let elapsed = start.elapsed();
    ensure!(elapsed > LIMIT, "{elapsed:?}");
    app.signal(Signal::SIGSTOP)?;
    app.wait_for_state('T')?;
    while manager.within(Duration::from_millis(1))?.is_some() {}
    let message = manager.within(LIMIT)?;
    ensure!(message.is_none(), "it is stopped: {message:?}");
    app.signal(Signal::SIGCONT)?;
    manager.until("WATCHDOG=1")
}

fn app_without_events_has_a_pulse() -> Result<()> {
    let manager = Manager::at_path()?;
    let app = manager.start(cli(["minimal"]).env("WATCHDOG_USEC", "100000"))?;
    manager.until("READY=1")?;
    manager.until("WATCHDOG=1")?;
    manager.until("WATCHDOG=1")?;
    drop(app);
    // it is another process that is to have it
    let manager = Manager::at_path()?;
    let mut command = cli(["minimal"]);
    command
        .env("WATCHDOG_USEC", "1000")
        .env("WATCHDOG_PID", "1");
    let _app = manager.start(&mut command)?;
    manager.until("READY=1")?;
    let message = manager.within(Duration::from_millis(100))?;
    ensure!(message.is_none(), "{message:?}");
    Ok(())
}

fn manager_that_does_not_listen_holds_nothing_up() -> Result<()> {
    let manager = Manager::at_path()?;
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    let mut command = cli(["procs"]);
    command.env("NOTIFY_SOCKET", &manager.name);
    // many more messages than a socket holds
    command.env("WATCHDOG_USEC", "2000");
    let mut procs = shell.traced_by(&mut command, &folder.file(), &[])?;
    procs.says("failed to tell systemd ")?;
    let start = Instant::now();
    shell.run(1)?;
    super::until("its rows are there", || {
        Ok(fs::read_to_string(folder.file())?.lines().count() == 3)
    })?;
    let elapsed = start.elapsed();
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    ensure!(exit.stderr.len() == 1, "{exit:#?}");
    ensure!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    Ok(())
}

fn nobody_there_is_no_failure() -> Result<()> {
    for (name, said) in [
        (
            "/nonexistent/notify",
            "failed to tell systemd READY=1: No such file",
        ),
        (
            "vsock:2:1",
            "NOTIFY_SOCKET is ignored: it names no socket of this machine",
        ),
    ] {
        let mut command = cli(["procs", "--timeout", "0.1", "--comm", "none"]);
        let exit = Process::run(command.env("NOTIFY_SOCKET", name))?.expect_code(0)?;
        ensure!(exit.stderr.len() == 1, "{exit:#?}");
        exit.expect_stderr(said)?;
    }
    let mut command = cli(["procs", "--timeout", "0.1", "--comm", "none"]);
    Process::run(command.env("NOTIFY_SOCKET", ""))?.expect_no_stderr()?;
    Ok(())
}

fn command_is_not_the_service() -> Result<()> {
    let manager = Manager::at_path()?;
    let mut command = cli([
        "procs",
        "--",
        "sh",
        "-c",
        "echo [$NOTIFY_SOCKET$WATCHDOG_USEC]",
    ]);
    let app = manager.start(command.env("WATCHDOG_USEC", "10000000"))?;
    app.wait()?.expect_code(0)?.expect_stdout("[]")?;
    Ok(())
}

fn socket_of_others_is_not_used_for_the_caller() -> Result<()> {
    if !Release::running()?.is_at_least((5, 11)) {
        return skip("before Linux 5.11 maps count as locked memory, which a user has little of");
    }
    let lent = [CAP_BPF, CAP_PERFMON, CAP_DAC_OVERRIDE];
    let (_folder, program) = lending(&lent)?;
    let manager = Manager::at_path()?;
    let run = || -> Result<()> {
        let mut command = Command::new(&program);
        command.args(["procs", "--timeout", "0.1", "--comm", "none"]);
        command.env("NOTIFY_SOCKET", &manager.name);
        Process::run(&mut sandbox::as_nobody(&command)?)?.expect_code(0)?;
        Ok(())
    };
    run()?;
    manager.until("STOPPING=1")?;
    fs::set_permissions(&manager.name, Permissions::from_mode(0o700))?;
    run()?;
    let message = manager.within(Duration::from_millis(1))?;
    ensure!(message.is_none(), "{message:?}");
    Ok(())
}
