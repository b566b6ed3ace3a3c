//! `--metrics`: what an app serves, and to whom.

pub(crate) mod counted;
pub(crate) mod fields;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_host::Release;
use bpfapps_testkit::{Process, Test, cli, skip, test};
use tempfile::TempDir;

pub(crate) const TESTS: &[Test] = &[
    test!(events_are_counted_by_their_type),
    test!(programs_ring_and_losses_are_served),
    test!(entries_of_maps_are_counted),
    test!(no_thread_has_privileges),
    test!(clients_that_hang_keep_nobody_out),
    test!(promtool_has_nothing_to_say),
    test!(taken_address_is_one_line),
    test!(socket_of_systemd_is_served),
    test!(systemd_without_a_socket_is_one_line),
];

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app that serves metrics at a socket of its own.
struct Served {
    process: Process,
    socket: PathBuf,
    folder: TempDir,
}

impl Served {
    /// `args` are those of the program without `--metrics`.
    fn start(args: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let socket = folder.path().join("metrics");
        let mut command = cli([args[0], "--metrics"]);
        command.arg(format!("unix:{}", socket.display()));
        Self::until_ready(command.args(&args[1..]), folder, socket)
    }

    fn until_ready(command: &mut Command, folder: TempDir, socket: PathBuf) -> Result<Self> {
        let process = Process::start(command)?;
        let served = Self {
            process,
            socket,
            folder,
        };
        served.until(|page| page.contains("bpfapps_ready{"))?;
        Ok(served)
    }

    /// The answer to a request for metrics.
    fn get(&self, headers: &str) -> Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nHost: test\r\n{headers}\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// The first page that is as `wanted`.
    fn until(&self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let page = self.get("");
            match &page {
                Ok(page) if wanted(page) => return Ok(page.clone()),
                _ if Instant::now() > end => bail!("not so in {PATIENCE:?}: {page:?}"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// The value of the series of this name and with these labels.
fn value(page: &str, series: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

fn events_are_counted_by_their_type() -> Result<()> {
    // the last command waits for the test
    let script = "for i in 1 2 3; do /bin/true; done; /no/such/program; read line";
    let folder = TempDir::new()?;
    let fifo = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status()?;
    ensure!(made.success(), "no fifo");
    let script = format!("{{ {script}; }} 2>/dev/null < {}", fifo.display());
    let served = Served::start(&["procs", "--failed", "-o", "json", "--", "sh", "-c", &script])?;
    let writer = fs::OpenOptions::new().write(true).open(&fifo)?;
    let page = served.until(|page| {
        value(page, "bpfapps_events_total{app=\"procs\",type=\"exit\"}") >= Some(4.0)
    })?;
    drop(writer);
    let exit = served.process.wait()?;
    let counted = |kind: &str| {
        exit.stdout
            .iter()
            .filter(|line| line.contains(kind))
            .count()
    };
    ensure!(counted("\"type\":\"exec\"") == 4, "{exit:#?}");
    let execs = value(&page, "bpfapps_events_total{app=\"procs\",type=\"exec\"}");
    ensure!(execs == Some(4.0), "{page}");
    let exits = value(&page, "bpfapps_events_total{app=\"procs\",type=\"exit\"}");
    ensure!(exits == Some(4.0), "{page}");
    let failed = value(
        &page,
        "bpfapps_events_total{app=\"procs\",type=\"exec_failed\"}",
    );
    // `sh` is looked for in each folder of PATH before that
    let in_documents = counted("\"type\":\"exec_failed\"");
    ensure!(
        in_documents > 0 && failed == Some(in_documents as f64),
        "{page}"
    );
    // that is written, but no event
    ensure!(!page.contains("type=\"ready\""), "{page}");
    Ok(())
}

fn programs_ring_and_losses_are_served() -> Result<()> {
    let served = Served::start(&["bootstrap"])?;
    ensure!(Command::new("true").status()?.success(), "true has failed");
    let runs = "bpfapps_program_runs_total{app=\"bootstrap\",program=\"handle_exec\"}";
    let page = served.until(|page| value(page, runs) > Some(0.0))?;
    let seconds = "bpfapps_program_run_seconds_total{app=\"bootstrap\",program=\"handle_exec\"}";
    ensure!(value(&page, seconds) > Some(0.0), "{page}");
    ensure!(
        value(&page, "bpfapps_ring_bytes{app=\"bootstrap\"}") == Some(8_388_608.0),
        "{page}"
    );
    let lost = "bpfapps_lost_total{app=\"bootstrap\",stage=\"ring\",cpu=\"0\"}";
    ensure!(value(&page, lost) == Some(0.0), "{page}");
    let start = value(&page, "process_start_time_seconds{app=\"bootstrap\"}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let age = now.as_secs_f64() - start.context("no start")?;
    ensure!((-2.0..60.0).contains(&age), "started {age} s ago");

    // records wait there for the next batch
    let storm = ["-c", "while :; do /bin/true; done"];
    let storm = Process::start(Command::new("sh").args(storm))?;
    let used = "bpfapps_ring_used_bytes{app=\"bootstrap\"}";
    served.until(|page| value(page, used) > Some(0.0))?;
    drop(storm);
    served.until(|page| value(page, used) == Some(0.0))?;
    Ok(())
}

fn entries_of_maps_are_counted() -> Result<()> {
    let options = ["--comm", "some", "--comm", "other"];
    let served = Served::start(&[&["procs"][..], &options].concat())?;
    let page = served.get("")?;
    let comms = value(&page, "bpfapps_map_entries{app=\"procs\",map=\"comms\"}");
    match comms {
        Some(count) => ensure!(count == 2.0, "{page}"),
        // since 5.19 a map's owner may look into it without CAP_BPF
        None => ensure!(!Release::running()?.is_at_least((5, 19)), "{page}"),
    }
    Ok(())
}

fn no_thread_has_privileges() -> Result<()> {
    // nobody listens there
    let served = Served::start(&["bootstrap", "--otlp", "http://127.0.0.1:9"])?;
    served.process.expect_no_privileges()?;
    let folder = format!("/proc/{}/task", served.process.pid());
    // the one that sends starts after the one that has just answered
    let end = Instant::now() + PATIENCE;
    while fs::read_dir(&folder)?.count() < 3 {
        ensure!(Instant::now() < end, "no thread sends after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    for thread in fs::read_dir(&folder)? {
        // one that looks up an address ends meanwhile
        let Ok(status) = fs::read_to_string(thread?.path().join("status")) else {
            continue;
        };
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            let none = format!("{set}:\t0000000000000000");
            ensure!(status.lines().any(|line| line == none), "{status}");
        }
        ensure!(status.contains("NoNewPrivs:\t1"), "{status}");
    }
    Ok(())
}

fn clients_that_hang_keep_nobody_out() -> Result<()> {
    let served = Served::start(&["bootstrap"])?;
    let before: u64 = served
        .process
        .status("VmRSS")?
        .replace(" kB", "")
        .trim()
        .parse()?;
    let mut hanging = Vec::new();
    for number in 0..1000 {
        let mut client = UnixStream::connect(&served.socket)?;
        client.set_nonblocking(true)?;
        // some say nothing, some begin, some talk nonsense without an end
        let said: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET /metrics HTTP/1.1\r\nHost: ",
            _ => &[b'x'; 16 * 1024],
        };
        // it may be closed already
        let _ = client.write(said);
        hanging.push(client);
        if number % 100 == 0 {
            let page = served.get("")?;
            ensure!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        }
    }
    let page = served.get("")?;
    ensure!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    let after: u64 = served
        .process
        .status("VmRSS")?
        .replace(" kB", "")
        .trim()
        .parse()?;
    let open = value(&page, "process_open_fds{app=\"bootstrap\"}").context("no count")?;
    ensure!(open < 100.0, "{open} descriptors are open");
    ensure!(
        after < before + 2048,
        "it grew from {before} KiB to {after} KiB"
    );
    Ok(())
}

fn promtool_has_nothing_to_say() -> Result<()> {
    is_valid(&["bootstrap"])?;
    is_valid(&["minimal"])?;
    is_valid(&["syscount", "--latency", "--interval", "0.1"])?;
    let by_field = [
        "--metrics-label",
        "comm",
        "--metrics-histogram",
        "duration_ns",
    ];
    is_valid(&[&["procs"][..], &by_field].concat())
}

/// Prometheus's own judgement of names, units and descriptions.
fn is_valid(app: &[&str]) -> Result<()> {
    let Ok(mut promtool) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        return skip("promtool is not installed");
    };
    let served = Served::start(app)?;
    let page = served.get("Accept: text/plain\r\n")?;
    let (head, body) = page.split_once("\r\n\r\n").context("no body")?;
    ensure!(
        head.contains("Content-Type: text/plain; version=0.0.4"),
        "{head}"
    );
    let mut stdin = promtool.stdin.take().context("no stdin")?;
    stdin.write_all(body.as_bytes())?;
    drop(stdin);
    let said = promtool.wait_with_output()?;
    let text = String::from_utf8_lossy(&said.stderr);
    ensure!(said.status.success() && text.is_empty(), "{app:?}: {text}");
    Ok(())
}

fn taken_address_is_one_line() -> Result<()> {
    let served = Served::start(&["bootstrap"])?;
    let address = format!("unix:{}", served.socket.display());
    let exit = Process::run(&mut cli(["bootstrap", "--metrics", &address]))?.expect_code(1)?;
    let expected = format!(
        "error: failed to serve metrics at {}: ",
        served.socket.display()
    );
    ensure!(exit.stderr.len() == 1, "{exit:#?}");
    exit.expect_stderr(&expected)?;
    // the one that serves there still does
    served.get("")?;

    let file = served.folder.path().join("file");
    fs::write(&file, "kept")?;
    is_refused(&file)?;
    ensure!(fs::read_to_string(&file)? == "kept", "it is overwritten");
    Ok(())
}

fn is_refused(file: &Path) -> Result<()> {
    let address = format!("unix:{}", file.display());
    let exit = Process::run(&mut cli(["bootstrap", "--metrics", &address]))?.expect_code(1)?;
    exit.expect_stderr("failed to serve metrics at ")?;
    Ok(())
}

/// As systemd hands it over: descriptor 3, and two variables.
fn socket_of_systemd_is_served() -> Result<()> {
    let folder = TempDir::new()?;
    let socket = folder.path().join("metrics");
    // this one is not closed in a child
    let listener = rustix::io::dup(UnixListener::bind(&socket)?)?;
    let app = cli(["bootstrap", "--metrics", "systemd"]);
    let script = format!(
        "exec 3<&{}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"",
        listener.as_raw_fd()
    );
    // dash knows no descriptor of two digits
    let shells = ["/bin/bash", "/bin/sh"].into_iter();
    let shell = shells.map(Path::new).find(|shell| shell.exists());
    let mut command = Command::new(shell.context("no shell")?);
    command.args(["-c", &script, "sh"]).arg(app.get_program());
    let served = Served::until_ready(command.args(app.get_args()), folder, socket)?;
    let page = served.get("")?;
    ensure!(
        page.contains("bpfapps_events_total{app=\"bootstrap\""),
        "{page}"
    );
    Ok(())
}

fn systemd_without_a_socket_is_one_line() -> Result<()> {
    let mut command = cli(["bootstrap", "--metrics", "systemd"]);
    let exit = Process::run(command.env_remove("LISTEN_FDS"))?.expect_code(1)?;
    exit.expect_stderr("error: systemd has passed no socket")?;
    Ok(())
}
