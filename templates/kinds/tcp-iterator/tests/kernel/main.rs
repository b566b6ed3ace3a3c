//! `{{ name }}` on the running kernel: what its user sees.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, cli, documents_of, skip, test};
use serde_json::Value;

const TESTS: &[Test] = &[
    test!(connection_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(addresses_of_ipv6_are_listed),
    test!(only_those_states_are_listed),
    test!(it_looks_again),
    test!(wrong_state_is_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A connection within this process: one side has bytes to read.
struct Connection {
    listener: TcpListener,
    client: TcpStream,
    _server: TcpStream,
}

const BYTES: &[u8] = b"seven b";

impl Connection {
    fn new(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        client.write_all(BYTES)?;
        Ok(Self {
            listener,
            client,
            _server: server,
        })
    }

    fn on_loopback() -> Result<Self> {
        Self::new((Ipv4Addr::LOCALHOST, 0).into())
    }

    fn port(&self) -> Result<String> {
        Ok(self.listener.local_addr()?.port().to_string())
    }
}

fn connection_has_a_row() -> Result<()> {
    let connection = Connection::on_loopback()?;
    let exit = Process::run(&mut cli(["{{ name }}", "--port", &connection.port()?]))?;
    let exit = exit.expect_code(0)?.expect_no_stderr()?;
    let (local, remote) = (connection.listener.local_addr()?, connection.client.local_addr()?);
    let ends = [local, remote].map(|end| end.to_string());
    let rows = || exit.stdout.iter().map(|row| row.split_whitespace().collect::<Vec<_>>());
    ensure!(exit.stdout[0].starts_with("TIME     STATE"), "{exit:#?}");
    let mut rows = rows().filter(|row| row[2] == ends[0]);
    let listens = rows.clone().any(|row| row[1] == "listen");
    let server = rows.find(|row| row[3] == ends[1]);
    let server = server.with_context(|| format!("no row: {exit:#?}"))?;
    ensure!(listens && server[1] == "established", "{exit:#?}");
    ensure!(server[5] == BYTES.len().to_string(), "{server:?}");
    // own port, on both ends, and none else
    ensure!(exit.stdout.len() == 4, "{exit:#?}");
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let connection = Connection::on_loopback()?;
    let documents = documents_of(&["{{ name }}", "-o", "json"])?;
    let client = connection.client.local_addr()?.port();
    let of_client = |it: &&Value| it["local_port"] == client;
    let client = documents.iter().find(of_client).context("no document")?;
    ensure!(client["local"] == "127.0.0.1", "{client}");
    // there has been a round trip
    ensure!(client["rtt_ns"] != 0 && client["window"] != 0, "{client}");
    Ok(())
}

fn addresses_of_ipv6_are_listed() -> Result<()> {
    let Ok(connection) = Connection::new((Ipv6Addr::LOCALHOST, 0).into()) else {
        return skip("this machine has no IPv6 on its loopback");
    };
    let documents = documents_of(&["{{ name }}", "-o", "json", "-p", &connection.port()?])?;
    let mut sockets = documents.iter().filter(|it| it["state"] == "established");
    ensure!(sockets.clone().count() == 2, "{documents:#?}");
    ensure!(sockets.all(|it| it["remote"] == "::1"), "{documents:#?}");
    Ok(())
}

fn only_those_states_are_listed() -> Result<()> {
    let connection = Connection::on_loopback()?;
    let port = connection.port()?;
    let args = ["{{ name }}", "-o", "json", "-p", &port, "-s", "listen", "-s", "close"];
    let documents = documents_of(&args)?;
    let mut sockets = documents.iter().filter(|it| it["type"] == "socket");
    ensure!(sockets.clone().count() == 1, "{documents:#?}");
    ensure!(sockets.all(|it| it["state"] == "listen"), "{documents:#?}");
    Ok(())
}

fn it_looks_again() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port().to_string();
    let args = ["{{ name }}", "-o", "json", "-p", &port, "--interval", "0.05"];
    let mut app = App::start(&args)?;
    app.document(|it| it["state"] == "listen")?;
    let _client = TcpStream::connect(listener.local_addr()?)?;
    app.document(|it| it["state"] == "established")?;
    app.documents()?;
    Ok(())
}

fn wrong_state_is_refused() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--state", "open"]))?
        .expect_code(2)?
        .expect_stderr("invalid value 'open' for '--state <STATE>': the states are established")?;
    Ok(())
}
