//! `{{ name }}` on the running kernel: what its user sees.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use bpfapps_testkit::cgroup::{self, Cgroup};
use bpfapps_testkit::net::{Net, ip, serve};
use bpfapps_testkit::{App, Fixture, Process, Test, fixture, needs, refuses, test};

const TESTS: &[Test] = &[
    test!(connection_has_a_row_on_either_side),
    test!(documents_are_what_the_schema_says),
    test!(others_are_not_reported),
    test!(only_that_port_is_reported),
    test!(retransmissions_are_counted),
    test!(wrong_options_are_refused),
    test!(missing_cgroup_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(fetch)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// In a cgroup, gets from an address what it says, after so many milliseconds.
fn fetch(args: &[String]) -> Result<()> {
    let [cgroup, address, ms] = args else { bail!("a cgroup, an address, a number") };
    cgroup::enter(cgroup)?;
    let mut stream = TcpStream::connect(address)?;
    thread::sleep(Duration::from_millis(ms.parse()?));
    stream.write_all(b"what?")?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// One that hears five bytes and says a thousand, to each who connects, and where it is.
fn server(address: &str) -> Result<SocketAddr> {
    serve(address, |mut stream| {
        stream.read_exact(&mut [0; 5])?;
        stream.write_all(&[b'x'; 1000])
    })
}

/// A network of the test's own, where sockets can hold what the app keeps in them.
fn network() -> Result<Net> {
    needs::memory_at_run_time()?;
    Net::new()
}

/// Runs the fixture to its end.
fn provoke(cgroup: &Cgroup, at: SocketAddr, ms: &str) -> Result<()> {
    let args = [cgroup.path(), &at.to_string(), ms];
    Process::run(fixture("fetch")?.args(args))?.expect_code(0)?;
    Ok(())
}

fn connection_has_a_row_on_either_side() -> Result<()> {
    let _net = network()?;
    let cgroup = Cgroup::new()?;
    // of all sockets
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     SIDE"), "{}", app.title());
    let at = server("127.0.0.1")?;
    provoke(&cgroup, at, "50")?;
    let mut sides = Vec::new();
    for _ in 0..2 {
        let row = app.row(|row| row.contains(&format!("{at} ")))?;
        let words: Vec<_> = row.split_whitespace().map(str::to_owned).collect();
        let ms: f64 = words[4].parse()?;
        ensure!((50.0..5_000.0).contains(&ms), "{row}");
        sides.push(words);
    }
    sides.sort_by(|one, other| one[1].cmp(&other[1]));
    let [accept, connect] = &sides[..] else { bail!("two rows") };
    ensure!(accept[1] == "accept" && accept[2] == at.to_string(), "{accept:?}");
    ensure!(connect[1] == "connect" && connect[3] == at.to_string(), "{connect:?}");
    // a byte each for SYN and FIN, which the sides may count or not
    let bytes = |words: &[String]| -> Result<[u64; 2]> { Ok([words[7].parse()?, words[8].parse()?]) };
    let (accepted, connected) = (bytes(accept)?, bytes(connect)?);
    ensure!((1000..=1002).contains(&accepted[0]) && (5..=6).contains(&accepted[1]), "{accept:?}");
    ensure!((5..=7).contains(&connected[0]), "{connect:?}");
    ensure!((1000..=1001).contains(&connected[1]), "{connect:?}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let cgroup = Cgroup::new()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--cgroup", cgroup.path()])?;
    let at = server("::1")?;
    provoke(&cgroup, at, "0")?;
    let connection = app.document(|document| document["remote_port"] == at.port())?;
    ensure!(connection["remote"] == "::1" && connection["local"] == "::1", "{connection}");
    ensure!(connection["side"] == "connect" && connection["retransmits"] == 0, "{connection}");
    ensure!(connection["rtt_ns"].as_u64().is_some_and(|ns| ns > 0), "{connection}");
    app.documents()?;
    Ok(())
}

fn others_are_not_reported() -> Result<()> {
    let _net = network()?;
    let (cgroup, other) = (Cgroup::new()?, Cgroup::new()?);
    let mut app = App::start(&["{{ name }}", "-o", "json", "--cgroup", cgroup.path()])?;
    let (quiet, at) = (server("127.0.0.1")?, server("127.0.0.1")?);
    provoke(&other, quiet, "0")?;
    provoke(&cgroup, at, "0")?;
    app.document(|document| document["remote_port"] == at.port())?;
    let documents = app.documents()?;
    let is_quiet = |document: &serde_json::Value| document["remote_port"] == quiet.port();
    ensure!(!documents.iter().any(is_quiet), "{documents:#?}");
    Ok(())
}

fn only_that_port_is_reported() -> Result<()> {
    let _net = network()?;
    let cgroup = Cgroup::new()?;
    let (quiet, at) = (server("127.0.0.1")?, server("127.0.0.1")?);
    let mut app = App::start(&["{{ name }}", "-o", "json", "--port", &at.port().to_string()])?;
    provoke(&cgroup, quiet, "0")?;
    provoke(&cgroup, at, "0")?;
    for _ in 0..2 {
        let port = at.port();
        app.document(|document| document["remote_port"] == port || document["local_port"] == port)?;
    }
    let documents = app.documents()?;
    let is_quiet = |document: &serde_json::Value| document["remote_port"] == quiet.port();
    ensure!(!documents.iter().any(is_quiet), "{documents:#?}");
    Ok(())
}

fn retransmissions_are_counted() -> Result<()> {
    let _net = network()?;
    let at = server("127.0.0.1")?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--retransmits", "1"])?;
    let mut smooth = TcpStream::connect(at)?;
    smooth.write_all(b"what?")?;
    smooth.read_to_end(&mut Vec::new())?;
    drop(smooth);

    let mut rough = TcpStream::connect(at)?;
    let port = rough.local_addr()?.port();
    ip("link set lo down")?;
    rough.write_all(b"what?")?;
    ip("link set lo up")?;
    rough.read_to_end(&mut Vec::new())?;
    drop(rough);
    let connection = app.document(|document| document["local_port"] == port)?;
    ensure!(connection["retransmits"].as_u64().is_some_and(|count| count > 0), "{connection}");
    let documents = app.documents()?;
    let smooth = documents.iter().find(|document| document["retransmits"] == 0);
    ensure!(smooth.is_none(), "{documents:#?}");
    Ok(())
}

fn wrong_options_are_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--port", "0"], ["--retransmits", "-1"]])
}

fn missing_cgroup_is_named() -> Result<()> {
    cgroup::missing_is_named("{{ name }}")
}
