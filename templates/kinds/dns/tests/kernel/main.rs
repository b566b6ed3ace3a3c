//! `{{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use bpfapps_testkit::net::Net;
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, own_path, test};

const TESTS: &[Test] = &[
    test!(lookup_and_connect_have_rows),
    test!(documents_are_what_the_schema_says),
    test!(connect_without_a_lookup_has_no_host),
    test!(only_failures_are_reported),
    test!(missing_library_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(connect)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Connects to a host, whether anybody answers there or not.
fn connect(args: &[String]) -> Result<()> {
    let [host, port] = args else { bail!("a host and a port") };
    // that a name is not found is what some tests are about
    for address in (host.as_str(), port.parse()?).to_socket_addrs().into_iter().flatten() {
        let _ = TcpStream::connect(address);
    }
    Ok(())
}

/// Runs the fixture, and returns its pid.
fn provoke(host: &str, port: u16) -> Result<u32> {
    Ok(Process::run(fixture("connect")?.args([host, &port.to_string()]))?.expect_code(0)?.pid)
}

/// The app, looking into the C library that this process looks names up with: its own program file,
/// where that is linked statically.
fn start(args: &[&str]) -> Result<App> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut files = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let libc = files.find(|file| file.contains("/libc.so"));
    let own = own_path()?;
    App::start(&[&["{{ name }}", "--libc", libc.unwrap_or(&own)], args].concat())
}

/// A network of the test's own, on a kernel that has what it takes.
fn network() -> Result<Net> {
    needs::uprobes()?;
    Net::new()
}

fn lookup_and_connect_have_rows() -> Result<()> {
    let _net = network()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let port = listener.local_addr()?.port();
    let pid = provoke("localhost", port)?.to_string();
    let of = |what: &'static str| {
        let pid = pid.clone();
        move |row: &str| {
            let words: Vec<_> = row.split_whitespace().collect();
            words.get(2) == Some(&&*pid) && words.get(3) == Some(&what)
        }
    };
    let lookup = app.row(of("lookup"))?;
    let words: Vec<_> = lookup.split_whitespace().collect();
    ensure!(words[6] == "localhost" && matches!(words[7], "127.0.0.1" | "::1"), "{lookup}");
    ensure!(words[5].parse::<f64>()? > 0.0, "{lookup}");
    let connect = app.row(|row| of("connect")(row) && row.ends_with(&format!(" 127.0.0.1:{port}")))?;
    ensure!(connect.contains(" localhost "), "{connect}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json"])?;
    let pid = provoke("localhost", 9)?;
    let lookup = app.document(|document| document["pid"] == pid)?;
    ensure!(lookup["type"] == "lookup" && lookup["host"] == "localhost", "{lookup}");
    let connect = app.document(|document| document["pid"] == pid)?;
    ensure!(connect["type"] == "connect" && connect["port"] == 9, "{connect}");
    ensure!(connect["host"] == "localhost", "{connect}");
    app.documents()?;
    Ok(())
}

fn connect_without_a_lookup_has_no_host() -> Result<()> {
    let _net = network()?;
    // of this process alone, which looks nothing up
    let own = std::process::id().to_string();
    let mut app = start(&["-o", "json", "--pid", &own])?;
    provoke("localhost", 9)?;
    ensure!(TcpStream::connect("127.0.0.7:9").is_err(), "somebody listens");
    let connect = app.document(|document| document["type"] != "ready")?;
    ensure!(connect["address"] == "127.0.0.7" && connect["host"].is_null(), "{connect}");
    ensure!(connect["pid"] == std::process::id(), "{connect}");
    app.documents()?;
    Ok(())
}

fn only_failures_are_reported() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json", "--failed-only"])?;
    let found = provoke("localhost", 9)?;
    // no name server is in reach here, and nobody may have that name
    let pid = provoke("no-such-host.invalid", 9)?;
    let lookup = app.document(|document| document["pid"] == pid)?;
    ensure!(lookup["host"] == "no-such-host.invalid", "{lookup}");
    ensure!(lookup["error"].as_str().is_some_and(|error| error != "0"), "{lookup}");
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["pid"] == found), "{documents:#?}");
    Ok(())
}

fn missing_library_is_named() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--libc", "/no/such.so"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0044]: failed to attach handle_found to getaddrinfo in /no/such.so")?
        .expect_stderr("hint: ldd PROGRAM shows the libraries that it uses")?;
    Ok(())
}
