//! The DaemonSet, without a cluster: its container's command runs with its capabilities.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bpfapps_host::capabilities::Capability;
use bpfapps_testkit::{Process, Test, cli, sandbox, test};
use serde_json::Value;

use super::Shipped;

pub(super) const TESTS: &[Test] = &[
    test!(container_asks_for_little),
    test!(command_of_the_container_answers_its_probes),
];

/// The port in the manifests.
const PORT: &str = "9435";

fn manifest(name: &str) -> Result<Value> {
    let path = Shipped::new()?.path().join("kubernetes").join(name);
    Ok(serde_yaml::from_str(&fs::read_to_string(path)?)?)
}

fn container() -> Result<Value> {
    let mut set = manifest("daemonset.yaml")?;
    Ok(set["spec"]["template"]["spec"]["containers"][0].take())
}

fn texts(list: &Value) -> Result<Vec<&str>> {
    let list = list.as_array().context("no list")?;
    list.iter()
        .map(|it| it.as_str().context("no text"))
        .collect()
}

fn container_asks_for_little() -> Result<()> {
    let container = container()?;
    let context = &container["securityContext"];
    ensure!(context["privileged"] == false, "{context}");
    ensure!(context["allowPrivilegeEscalation"] == false, "{context}");
    ensure!(context["readOnlyRootFilesystem"] == true, "{context}");
    ensure!(
        texts(&context["capabilities"]["drop"])? == ["ALL"],
        "{context}"
    );
    let added = texts(&context["capabilities"]["add"])?;
    ensure!(added == ["BPF", "PERFMON", "SETGID", "SETUID"], "{added:?}");

    let set = manifest("daemonset.yaml")?;
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    ensure!(&set["spec"]["selector"]["matchLabels"] == labels, "{set}");
    let annotations = &set["spec"]["template"]["metadata"]["annotations"];
    ensure!(annotations["prometheus.io/port"] == PORT, "{annotations}");
    let kustomization = manifest("kustomization.yaml")?;
    ensure!(
        kustomization["images"][0]["name"] == container["image"],
        "{kustomization}"
    );
    for name in texts(&kustomization["resources"])? {
        manifest(name)?;
    }
    Ok(())
}

fn command_of_the_container_answers_its_probes() -> Result<()> {
    let container = container()?;
    // nobody else's
    let port = TcpListener::bind("[::1]:0")?.local_addr()?.port();
    let args = texts(&container["args"])?;
    let args: Vec<_> = args
        .iter()
        .map(|arg| arg.replace(PORT, &port.to_string()))
        .collect();
    ensure!(args.concat().contains(&port.to_string()), "{args:?}");
    let mut capabilities = Vec::new();
    for name in texts(&container["securityContext"]["capabilities"]["add"])? {
        let capability: Capability = format!("CAP_{name}").parse()?;
        capabilities.push(capability);
    }
    let command = cli(args.iter().map(String::as_str));
    let mut app = Process::start(&mut sandbox::with_only(&capabilities, &command)?)?;
    let page = probe(port, &container["readinessProbe"]["httpGet"]["path"])?;
    ensure!(page.starts_with("HTTP/1.1 200 "), "{page}");
    ensure!(page.contains("\nbpfapps_ready{"), "{page}");
    let (held, user) = (app.status("CapPrm")?, app.status("Uid")?);
    ensure!(held.trim_matches('0').is_empty(), "it has {held}");
    ensure!(
        user.split_whitespace().all(|id| id == "65534"),
        "it is {user}"
    );
    let mut child = Command::new("true").spawn()?;
    child.wait()?;
    let pid = format!("\"pid\":{},", child.id());
    app.line(|line| line.starts_with('{') && line.contains(&pid))?;
    Ok(())
}

/// Asks until somebody listens.
fn probe(port: u16, path: &Value) -> Result<String> {
    let path = path.as_str().context("no path")?;
    let end = Instant::now() + Duration::from_secs(60);
    let mut stream = loop {
        match TcpStream::connect(("::1", port)) {
            Ok(stream) => break stream,
            Err(err) => ensure!(Instant::now() < end, "nobody listens: {err}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
    )?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}
