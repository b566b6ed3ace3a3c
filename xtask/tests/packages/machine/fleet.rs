//! A real Prometheus, with the rules that are shipped, beside services that serve metrics: two of
//! the package, and one of somebody's own.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_task::path;
use bpfapps_testkit::{Process, Test, skip, test};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::Shipped;
use super::{Machine, PATIENCE, scaffold};

pub(super) const TESTS: &[Test] = &[test!(events_are_counted_and_losses_alert)];

/// Programs that are started, and signals that are sent.
const COUNT: usize = 300;

/// An address that was free a moment ago.
fn address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

struct Prometheus {
    address: SocketAddr,
    process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// It looks at these apps each second.
    fn start(apps: &[SocketAddr]) -> Result<Self> {
        let folder = TempDir::new()?;
        let targets: Vec<_> = apps.iter().map(SocketAddr::to_string).collect();
        let config = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": [Shipped::new()?.path().join("prometheus/bpfapps.rules.yaml")],
            "scrape_configs": [{
                "job_name": "bpfapps",
                "static_configs": [{ "targets": targets }],
            }],
        });
        let file = folder.path().join("prometheus.yml");
        // JSON is YAML
        fs::write(&file, config.to_string())?;
        let address = address()?;
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdin(Stdio::null());
        Ok(Self {
            address,
            process: Process::start(&mut command)?,
            _folder: folder,
        })
    }

    /// The result of a query, as soon as there is one that is not empty.
    fn until(&self, query: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let result = self.query(query);
            match &result {
                Ok(result) if wanted(result) => return Ok(()),
                _ if Instant::now() > end => bail!("{query}: {result:?}"),
                _ => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn query(&self, query: &str) -> Result<Value> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let mut stream = TcpStream::connect(self.address)?;
        // HTTP/1.0: the answer ends with the connection, and has no chunks
        write!(stream, "GET /api/v1/query?query={encoded} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
        let answer: Value = serde_json::from_str(body)?;
        Ok(answer["data"]["result"].clone())
    }
}

/// An app that is a service.
struct Service {
    binary: &'static str,
    app: &'static str,
    address: SocketAddr,
}

impl Service {
    fn new(binary: &'static str, app: &'static str) -> Result<Self> {
        let address = address()?;
        Ok(Self {
            binary,
            app,
            address,
        })
    }

    fn unit(&self) -> String {
        format!("{}@{}.service", self.binary, self.app)
    }

    /// Its metrics have a port, as the socket's unit tells to do; its rows are nobody's.
    fn start(&self, machine: &Machine, options: &str) -> Result<()> {
        let Self {
            binary,
            app,
            address,
        } = self;
        let edit = format!("run/systemd/system/{binary}@{app}.socket.d/port.conf");
        let port = format!("[Socket]\nListenStream=\nListenStream={address}\n");
        machine.write(&edit, &port)?;
        let config = machine.path(&format!("etc/{binary}/config.yaml"));
        let options = format!("{app}:\n  output: none\n{options}");
        let mut file = OpenOptions::new().append(true).open(config)?;
        file.write_all(options.as_bytes())?;
        machine.output(&["systemctl", "daemon-reload"])?;
        machine.output(&["systemctl", "start", &self.unit()])?;
        Ok(())
    }
}

/// A shell in the machine that does what it reads, and ends with this process.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Shell {
    fn start(machine: &Machine) -> Result<Self> {
        let mut command = machine.command(&["/tmp/stormy-shell"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().context("stdin is a pipe")?;
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    /// Runs commands that print one line.
    fn line(&mut self, commands: &str) -> Result<String> {
        writeln!(self.stdin, "{commands}")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    fn end(mut self) -> Result<()> {
        drop(self.stdin);
        let status = self.child.wait()?;
        ensure!(status.success(), "the shell has failed: {status}");
        Ok(())
    }
}

fn events_are_counted_and_losses_alert() -> Result<()> {
    if !path::has("prometheus") {
        return skip("prometheus is not installed");
    }
    let machine = Machine::boot()?;
    let folder = TempDir::new()?;
    machine.install(&Shipped::new()?.packed("deb")?)?;
    machine.install(&scaffold::package(&folder)?)?;

    let procs = Service::new("bpfapps", "procs")?;
    let bootstrap = Service::new("bpfapps", "bootstrap")?;
    let signals = Service::new(scaffold::BINARY, scaffold::APP)?;
    // names that nothing else has
    symlink("/bin/sh", machine.path("tmp/stormy-shell"))?;
    symlink("/bin/true", machine.path("tmp/stormer"))?;
    let mut shell = Shell::start(&machine)?;
    procs.start(&machine, "  comm: stormer\n")?;
    bootstrap.start(&machine, "  ring-size: 4096\n")?;
    signals.start(&machine, "  metrics-label: comm\n")?;
    let services = [&procs, &bootstrap, &signals];
    let prometheus = Prometheus::start(&services.map(|service| service.address))?;

    let storm = format!(
        "trap : USR1; i=0; \
         while [ $i -lt {COUNT} ]; do kill -USR1 $$; /tmp/stormer; i=$((i+1)); done; echo $i"
    );
    ensure!(shell.line(&storm)? == COUNT.to_string());
    for query in [
        "bpfapps_events_total{app=\"procs\",type=\"exec\"}",
        "bpfapps_events_total{app=\"procs\",type=\"exit\"}",
        "bpfapps_events_by_field_total{app=\"signals\",comm=\"stormy-shell\"}",
    ] {
        let all = COUNT.to_string();
        prometheus.until(query, |result| result[0]["value"][1] == *all)?;
    }
    prometheus.until("bpfapps_ready", |result| {
        result.as_array().is_some_and(|series| series.len() == 3)
    })?;

    // a loss has to follow a look at none
    let lost = "bpfapps_lost_total{app=\"bootstrap\",stage=\"ring\",cpu=\"0\"}";
    prometheus.until(lost, |result| result[0]["value"][1].is_string())?;
    let alert = "ALERTS{alertname=\"BpfappsLosesEvents\",alertstate=\"firing\"}";
    machine.signal(&bootstrap.unit(), Signal::SIGSTOP)?;
    for _ in 0..200 {
        ensure!(Command::new("true").status()?.success(), "true has failed");
    }
    machine.signal(&bootstrap.unit(), Signal::SIGCONT)?;
    prometheus.until(alert, |result| {
        let labels = &result[0]["metric"];
        labels["app"] == "bootstrap" && labels["stage"] == "ring"
    })?;

    shell.end()?;
    drop(prometheus.process);
    Ok(())
}
