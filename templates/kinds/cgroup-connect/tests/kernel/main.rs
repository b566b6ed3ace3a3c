//! `{{ name }}` on the running kernel: what its user sees.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use bpfapps_testkit::cgroup::{self, Cgroup};
use bpfapps_testkit::net::Net;
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, test};

const TESTS: &[Test] = &[
    test!(connection_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(denied_connection_fails),
    test!(others_are_not_denied),
    test!(only_that_port_is_reported),
    test!(denying_needs_a_cgroup),
    test!(missing_cgroup_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(connect)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Connects to an address, in a cgroup: ends with 0 if it may, and with 99 if it is refused.
fn connect(args: &[String]) -> Result<()> {
    let [cgroup, protocol, address] = args else { bail!("a cgroup, a protocol, an address") };
    cgroup::enter(cgroup)?;
    let result = match protocol.as_str() {
        "udp" => UdpSocket::bind("[::]:0")?.connect(address),
        _ => TcpStream::connect(address).map(drop),
    };
    match result {
        Err(err) if err.kind() == ErrorKind::PermissionDenied => bail!("refused"),
        _ => Ok(()),
    }
}

/// Runs the fixture, and returns its pid and how it ended.
fn provoke(cgroup: &Cgroup, protocol: &str, address: &str) -> Result<(u32, Option<i32>)> {
    let args = [cgroup.path(), protocol, address];
    let exit = Process::run(fixture("connect")?.args(args))?;
    Ok((exit.pid, exit.code))
}

fn connection_has_a_row() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?.to_string();
    // of all processes
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let (pid, code) = provoke(&cgroup, "tcp", &to)?;
    ensure!(code == Some(0), "it could not connect");
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid.to_string()))?;
    ensure!(row.ends_with(&format!("0     allow   tcp      {to}")), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--cgroup", cgroup.path()])?;
    let (pid, _) = provoke(&cgroup, "udp", "[::1]:53")?;
    let connect = app.document(|document| document["pid"] == pid)?;
    ensure!(connect["protocol"] == "udp" && connect["destination"] == "::1", "{connect}");
    ensure!(connect["destination_port"] == 53 && connect["tid"] == pid, "{connect}");
    app.documents()?;
    Ok(())
}

fn denied_connection_fails() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let args = ["{{ name }}", "-o", "json", "--cgroup", cgroup.path()];
    let mut app = App::start(&[&args[..], &["--deny", "127.0.0.0/30", "--deny", "::1"]].concat())?;
    for (address, denied) in [("127.0.0.1:9", true), ("127.0.0.9:9", false), ("[::1]:9", true)] {
        let (pid, code) = provoke(&cgroup, "tcp", address)?;
        ensure!(code == Some(if denied { 99 } else { 0 }), "{address}: {code:?}");
        let connect = app.document(|document| document["pid"] == pid)?;
        ensure!((connect["verdict"] == "deny") == denied, "{connect}");
    }
    app.end()?;
    let (_, code) = provoke(&cgroup, "tcp", "127.0.0.1:9")?;
    ensure!(code == Some(0), "it is still refused");
    Ok(())
}

fn others_are_not_denied() -> Result<()> {
    let _net = Net::new()?;
    let (cgroup, other) = (Cgroup::new()?, Cgroup::new()?);
    let args = ["{{ name }}", "-o", "json", "--cgroup", cgroup.path(), "--deny", "127.0.0.1"];
    let mut app = App::start(&args)?;
    let (other, code) = provoke(&other, "tcp", "127.0.0.1:9")?;
    ensure!(code == Some(0), "a process outside of the cgroup is refused");
    let (pid, _) = provoke(&cgroup, "tcp", "127.0.0.1:9")?;
    app.document(|document| document["pid"] == pid)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["pid"] == other), "{documents:#?}");
    Ok(())
}

fn only_that_port_is_reported() -> Result<()> {
    let _net = Net::new()?;
    let cgroup = Cgroup::new()?;
    let args = ["{{ name }}", "-o", "json", "--cgroup", cgroup.path(), "--port", "7"];
    let mut app = App::start(&args)?;
    let (other, _) = provoke(&cgroup, "tcp", "127.0.0.1:9")?;
    let (pid, _) = provoke(&cgroup, "tcp", "127.0.0.1:7")?;
    app.document(|document| document["pid"] == pid)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["pid"] == other), "{documents:#?}");
    Ok(())
}

fn denying_needs_a_cgroup() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--deny", "10.0.0.0/8"]))?
        .expect_code(2)?
        .expect_stderr("--cgroup <PATH>")?;
    Process::run(&mut cli(["{{ name }}", "--cgroup", "/", "--deny", "10.0.0.300"]))?
        .expect_code(2)?
        .expect_stderr("not an address such as 192.0.2.1")?;
    Ok(())
}

fn missing_cgroup_is_named() -> Result<()> {
    cgroup::missing_is_named("{{ name }}")
}
