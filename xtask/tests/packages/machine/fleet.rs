//! A real Prometheus, with the rules that are shipped, beside apps that serve metrics.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_task::path;
use bpfapps_testkit::{Process, Test, cli, skip, test};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Shipped;

pub(super) const TESTS: &[Test] = &[test!(events_are_counted_and_losses_alert)];

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Programs that are started under `procs`.
const STARTED: usize = 300;

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

fn events_are_counted_and_losses_alert() -> Result<()> {
    if !path::has("prometheus") {
        return skip("prometheus is not installed");
    }
    let [counted, lossy] = [address()?, address()?];
    let folder = TempDir::new()?;
    let end = folder.path().join("end");
    // it stays there to be looked at
    let script = format!(
        "i=0; while [ $i -lt {STARTED} ]; do /bin/true; i=$((i+1)); done; \
         while [ ! -e {} ]; do sleep 0.1; done",
        end.display()
    );
    let served = counted.to_string();
    let mut command = cli([
        "procs",
        "-o",
        "none",
        "--comm",
        "true",
        "--metrics",
        &served,
    ]);
    let procs = Process::start(command.args(["--", "sh", "-c", &script]))?;
    let served = lossy.to_string();
    let small = ["--ring-size", "4096"];
    let mut command = cli(["bootstrap", "-o", "none", "--metrics", &served]);
    let bootstrap = Process::start(command.args(small))?;
    let prometheus = Prometheus::start(&[counted, lossy])?;

    for kind in ["exec", "exit"] {
        let query = format!("bpfapps_events_total{{app=\"procs\",type=\"{kind}\"}}");
        let all = STARTED.to_string();
        prometheus.until(&query, |result| result[0]["value"][1] == *all)?;
    }
    prometheus.until("bpfapps_ready", |result| {
        result.as_array().is_some_and(|series| series.len() == 2)
    })?;

    // a loss has to follow a look at none
    let lost = "bpfapps_lost_total{app=\"bootstrap\",stage=\"ring\",cpu=\"0\"}";
    prometheus.until(lost, |result| result[0]["value"][1].is_string())?;
    let alert = "ALERTS{alertname=\"BpfappsLosesEvents\",alertstate=\"firing\"}";
    bootstrap.signal(Signal::SIGSTOP)?;
    bootstrap.wait_for_state('T')?;
    for _ in 0..200 {
        ensure!(Command::new("true").status()?.success(), "true has failed");
    }
    bootstrap.signal(Signal::SIGCONT)?;
    prometheus.until(alert, |result| {
        let labels = &result[0]["metric"];
        labels["app"] == "bootstrap" && labels["stage"] == "ring"
    })?;

    fs::write(&end, "")?;
    procs.wait()?.expect_code(0)?;
    drop((prometheus.process, bootstrap));
    Ok(())
}
