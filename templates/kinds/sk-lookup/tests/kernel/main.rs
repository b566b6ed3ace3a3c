//! `{{ name }}` on the running kernel: what its user sees.

use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use bpfapps_testkit::net::Net;
use bpfapps_testkit::{App, Process, Test, cli, needs, test};
use libbpf_rs::ProgramType;

const TESTS: &[Test] = &[
    test!(request_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(requests_are_steered_to_one_socket),
    test!(socket_for_both_gets_both),
    test!(port_where_nobody_listens_is_named),
    test!(wrong_options_are_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A network of the test's own, on a kernel that has what it takes.
fn network() -> Result<Net> {
    needs::programs(ProgramType::SkLookup)?;
    Net::new()
}

fn request_has_a_row() -> Result<()> {
    let _net = network()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     REMOTE"), "{}", app.title());
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (from, to) = (client.local_addr()?, listener.local_addr()?);
    let row = app.row(|row| row.contains(&format!(" {from} ")))?;
    ensure!(row.contains(&format!(" {to} ")) && row.ends_with(" no"), "{row}");
    ensure!(TcpStream::connect("127.0.0.1:9").is_err(), "somebody listens");
    app.row(|row| row.contains(" 127.0.0.1:9 "))?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--ports", "7000-7001"])?;
    for port in [6999, 7002, 7001] {
        ensure!(TcpStream::connect(("::1", port)).is_err(), "somebody listens");
    }
    let request = app.document(|document| document["type"] == "request")?;
    ensure!(request["local"] == "::1" && request["local_port"] == 7001, "{request}");
    ensure!(request["remote"] == "::1" && request["steered"] == false, "{request}");
    app.documents()?;
    Ok(())
}

fn requests_are_steered_to_one_socket() -> Result<()> {
    let _net = network()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?.port().to_string();
    let mut app = App::start(&["{{ name }}", "--ports", "7000-7999", "--to", &to])?;
    for port in [7000, 7999] {
        // another address, too
        let client = TcpStream::connect(("127.0.0.7", port))?;
        let (accepted, from) = listener.accept()?;
        ensure!(from == client.local_addr()?, "somebody else connected");
        ensure!(accepted.local_addr()? == client.peer_addr()?, "it knows what was asked for");
        app.row(|row| {
            row.contains(&format!(" 127.0.0.7:{port} ")) && row.ends_with(" yes")
        })?;
    }
    ensure!(TcpStream::connect("127.0.0.7:8000").is_err(), "that port was not to be steered");
    app.end()?;
    ensure!(TcpStream::connect("127.0.0.7:7000").is_err(), "it is still steered");
    Ok(())
}

fn socket_for_both_gets_both() -> Result<()> {
    let _net = network()?;
    let listener = TcpListener::bind("[::]:0")?;
    let to = listener.local_addr()?.port().to_string();
    let app = App::start(&["{{ name }}", "--ports", "7000", "--to", &to])?;
    for address in ["127.0.0.1:7000", "[::1]:7000"] {
        let client = TcpStream::connect(address)?;
        let (accepted, _) = listener.accept()?;
        ensure!(accepted.peer_addr()?.port() == client.local_addr()?.port(), "another one");
    }
    app.end()?;
    Ok(())
}

fn port_where_nobody_listens_is_named() -> Result<()> {
    let _net = network()?;
    Process::run(&mut cli(["{{ name }}", "--ports", "7000", "--to", "9"]))?
        .expect_code(1)?
        .expect_stderr("error: no process listens on port 9")?
        .expect_stderr("hint: ss -ltn shows")?;
    Ok(())
}

fn wrong_options_are_refused() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--ports", "8-7"]))?
        .expect_code(2)?
        .expect_stderr("not a range of ports from 1 on, the lower first")?;
    Process::run(&mut cli(["{{ name }}", "--to", "80"]))?
        .expect_code(2)?
        .expect_stderr("--ports <PORTS>")?;
    Ok(())
}
