//! `{{ name }}` on the running kernel: what its user sees.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::cgroup::{self, Cgroup};
use bpfapps_testkit::net::Net;
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, refuses, test};

const TESTS: &[Test] = &[
    test!(flow_has_a_row_each_way),
    test!(documents_are_what_the_schema_says),
    test!(flow_is_reported_once),
    test!(quiet_flow_is_reported_again),
    test!(others_are_not_reported),
    test!(only_allowed_packets_pass),
    test!(allowing_needs_a_cgroup),
    test!(missing_cgroup_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(ask)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// In a cgroup, sends a packet to an address as often as it is reported, so many milliseconds apart, and
/// waits for an answer each time: ends with 0 if they come, and with 99 if it may not send.
fn ask(args: &[String]) -> Result<()> {
    let [cgroup, address, times, pause] = args else { bail!("a cgroup, an address, two numbers") };
    let pause = Duration::from_millis(pause.parse()?);
    cgroup::enter(cgroup)?;
    let to: SocketAddr = address.parse()?;
    let socket = UdpSocket::bind((to.ip(), 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    for _ in 0..times.parse()? {
        match socket.send_to(b"hello", to) {
            Err(err) if err.kind() == ErrorKind::PermissionDenied => bail!("refused"),
            sent => sent?,
        };
        socket.recv(&mut [0; 9]).context("no answer came")?;
        thread::sleep(pause);
    }
    Ok(())
}

/// A socket that answers what it is asked, and where it is.
fn server(address: &str) -> Result<SocketAddr> {
    let socket = UdpSocket::bind((address, 0)).with_context(|| format!("failed to bind {address}"))?;
    let at = socket.local_addr()?;
    thread::spawn(move || {
        let mut buffer = [0; 9];
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            // who asked may have gone
            let _ = socket.send_to(b"yes", from);
        }
    });
    Ok(at)
}

/// Runs the fixture, and returns how it ended.
fn provoke(cgroup: &Cgroup, address: &str, times: &str) -> Result<Option<i32>> {
    Ok(Process::run(fixture("ask")?.args([cgroup.path(), address, times, "0"]))?.code)
}

/// The app for that cgroup.
fn start(cgroup: &Cgroup, more: &[&str]) -> Result<App> {
    App::start(&[&["{{ name }}", "--cgroup", cgroup.path()], more].concat())
}

fn flow_has_a_row_each_way() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let mut app = start(&cgroup, &[])?;
    ensure!(app.title().starts_with("TIME     DIR"), "{}", app.title());
    let at = server("127.0.0.1")?.to_string();
    ensure!(provoke(&cgroup, &at, "1")? == Some(0), "no answer came");
    // headers: 20 of IP, 8 of UDP
    app.row(|row| row.contains(" out pass    udp ") && row.contains(&at) && row.ends_with(" 33"))?;
    app.row(|row| row.contains(&format!(" in  pass    udp      {at} ")) && row.ends_with(" 31"))?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    // of all processes
    let mut app = App::start(&["{{ name }}", "-o", "json"])?;
    let at = server("::1")?;
    provoke(&cgroup, &at.to_string(), "1")?;
    let flow = app.document(|document| document["destination_port"] == at.port())?;
    ensure!(flow["type"] == "flow" && flow["source"] == "::1", "{flow}");
    app.documents()?;
    Ok(())
}

fn flow_is_reported_once() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let mut app = start(&cgroup, &["-o", "json"])?;
    let (first, second) = (server("127.0.0.1")?, server("127.0.0.1")?);
    provoke(&cgroup, &first.to_string(), "9")?;
    // to see that all of the first has been reported
    provoke(&cgroup, &second.to_string(), "1")?;
    app.document(|document| document["source_port"] == second.port())?;
    let documents = app.documents()?;
    let of_first = |way: &str| {
        let flows = documents.iter();
        flows.filter(|document| document[way] == first.port()).count()
    };
    ensure!(of_first("destination_port") == 1 && of_first("source_port") == 1, "{documents:#?}");
    Ok(())
}

fn quiet_flow_is_reported_again() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let mut app = start(&cgroup, &["-o", "json", "--idle", "1"])?;
    let at = server("127.0.0.1")?;
    let ask = Process::start(fixture("ask")?.args([cgroup.path(), &at.to_string(), "2", "1100"]))?;
    for _ in 0..2 {
        app.document(|document| document["destination_port"] == at.port())?;
    }
    ask.wait()?.expect_code(0)?;
    app.end()?;
    Ok(())
}

fn others_are_not_reported() -> Result<()> {
    let _net = Net::new()?;
    let (cgroup, other) = (Cgroup::new()?, Cgroup::new()?);
    let mut app = start(&cgroup, &["-o", "json"])?;
    let (quiet, at) = (server("127.0.0.1")?, server("127.0.0.1")?);
    provoke(&other, &quiet.to_string(), "1")?;
    provoke(&cgroup, &at.to_string(), "1")?;
    app.document(|document| document["source_port"] == at.port())?;
    let documents = app.documents()?;
    let is_quiet = |document: &serde_json::Value| document["destination_port"] == quiet.port();
    ensure!(!documents.iter().any(is_quiet), "{documents:#?}");
    Ok(())
}

fn only_allowed_packets_pass() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let mut app = start(&cgroup, &["--allow", "127.1.0.0/16", "--allow", "::1"])?;
    let denied = server("127.0.0.1")?.to_string();
    ensure!(provoke(&cgroup, &denied, "1")? == Some(99), "it may send");
    app.row(|row| row.contains(" out drop ") && row.contains(&denied))?;
    for address in ["127.1.2.3", "::1"] {
        let allowed = server(address)?.to_string();
        ensure!(provoke(&cgroup, &allowed, "1")? == Some(0), "{address} is not allowed");
    }
    app.end()?;
    ensure!(provoke(&cgroup, &denied, "1")? == Some(0), "it still may not send");
    Ok(())
}

fn allowing_needs_a_cgroup() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--allow", "10.0.0.0/8"]))?
        .expect_code(2)?
        .expect_stderr("--cgroup <PATH>")?;
    refuses(&["{{ name }}", "--cgroup", "/"], &[["--allow", "10.0.0.0/40"], ["--idle", "0"]])
}

fn missing_cgroup_is_named() -> Result<()> {
    cgroup::missing_is_named("{{ name }}")
}
