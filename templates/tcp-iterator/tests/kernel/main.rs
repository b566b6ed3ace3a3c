//! `bpfapps {{ name }}` on the running kernel: what its user sees.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use bpfapps_testkit::{App, Process, bpfapps, documents_of, skip, test};
use nix::sys::stat::fstat;
use nix::unistd::getuid;
use serde_json::Value;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(connection_has_a_row_for_each_end),
            test!(documents_are_what_the_schema_says),
            test!(sockets_of_ipv6_are_listed),
            test!(only_those_states_are_listed),
            test!(only_that_port_is_listed),
            test!(wrong_state_is_refused),
        ],
        &[],
    )
}

/// Both ends of a connection within this machine, and who listens.
struct Connection {
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
    port: u16,
}

fn connect(address: &str) -> Result<Connection> {
    let listener = TcpListener::bind((address, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok(Connection {
        port: listener.local_addr()?.port(),
        listener,
        client,
        server,
    })
}

fn inode(socket: impl AsFd) -> Result<u64> {
    Ok(fstat(socket)?.st_ino)
}

fn sockets(documents: Vec<Value>) -> Vec<Value> {
    let all = documents.into_iter();
    all.filter(|document| document["type"] == "socket").collect()
}

fn connection_has_a_row_for_each_end() -> Result<()> {
    let connection = connect("127.0.0.1")?;
    let port = connection.port.to_string();
    let mut app = App::start(&["{{ name }}", "--interval", "0.05", "--port", &port])?;
    ensure!(app.title().starts_with("TIME     STATE"), "{}", app.title());
    let (here, there) = (connection.server.local_addr()?, connection.server.peer_addr()?);
    for ends in [(here, there), (there, here)] {
        let row = app.row(|row| row.split_whitespace().nth(8) == Some(&ends.0.to_string()) && row.ends_with(&format!(" {}", ends.1)))?;
        ensure!(row.contains(" ESTABLISHED "), "{row}");
    }
    let exit = app.end()?;
    ensure!(exit.stderr.is_empty(), "{exit:#?}");
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut connection = connect("127.0.0.1")?;
    connection.client.write_all(&[0; 1234])?;
    let _waits = TcpStream::connect(connection.listener.local_addr()?)?;
    let all = sockets(documents_of(&["{{ name }}", "-o", "json"])?);
    let of = |inode: u64| all.iter().find(|socket| socket["inode"] == inode);
    let server = of(inode(&connection.server)?);
    let server = server.ok_or_else(|| anyhow::anyhow!("the server is not listed: {all:#?}"))?;
    ensure!(server["receive_queue"] == 1234 && server["send_queue"] == 0, "{server}");
    ensure!(server["local_port"] == connection.port && server["local_address"] == "127.0.0.1", "{server}");
    ensure!(server["uid"] == getuid().as_raw() && server["rtt_us"].as_u64() > Some(0), "{server}");
    let listener = of(inode(&connection.listener)?);
    let listener = listener.ok_or_else(|| anyhow::anyhow!("nobody listens: {all:#?}"))?;
    // one connection waits to be accepted; `TcpListener` asks for room for 128
    ensure!(listener["state"] == "LISTEN" && listener["receive_queue"] == 1, "{listener}");
    ensure!(listener["send_queue"].as_u64() >= Some(128), "{listener}");
    Ok(())
}

fn sockets_of_ipv6_are_listed() -> Result<()> {
    let Ok(connection) = connect("::1") else {
        return skip("needs IPv6 on the loopback interface");
    };
    let port = connection.port.to_string();
    let all = sockets(documents_of(&["{{ name }}", "-o", "json", "--port", &port])?);
    ensure!(all.len() == 3, "{all:#?}");
    ensure!(all.iter().all(|socket| socket["local_address"] == "::1"), "{all:#?}");
    Ok(())
}

fn only_those_states_are_listed() -> Result<()> {
    let connection = connect("127.0.0.1")?;
    let port = connection.port.to_string();
    let args = ["{{ name }}", "-o", "json", "--port", &port, "--state"];
    let listed = |states: &[&str]| -> Result<usize> {
        Ok(sockets(documents_of(&[&args, states].concat())?).len())
    };
    ensure!(listed(&["listen"])? == 1, "who listens");
    ensure!(listed(&["established"])? == 2, "both ends");
    ensure!(listed(&["LISTEN", "--state", "ESTABLISHED"])? == 3, "all");
    // the client ends first: it is the one that waits
    drop(connection.client);
    drop(connection.server);
    let mut app = App::start(&[&args[..], &["time-wait", "--interval", "0.05"]].concat())?;
    let waits = app.document(|document| document["type"] == "socket")?;
    ensure!(waits["remote_port"] == connection.port && waits["inode"] == 0, "{waits}");
    app.documents()?;
    Ok(())
}

fn only_that_port_is_listed() -> Result<()> {
    let (one, _other) = (connect("127.0.0.1")?, connect("127.0.0.1")?);
    let port = one.port.to_string();
    let all = sockets(documents_of(&["{{ name }}", "-o", "json", "--port", &port])?);
    ensure!(all.len() == 3, "{all:#?}");
    let has = |socket: &Value| socket["local_port"] == one.port || socket["remote_port"] == one.port;
    ensure!(all.iter().all(has), "{all:#?}");
    Ok(())
}

fn wrong_state_is_refused() -> Result<()> {
    Process::run(&mut bpfapps(["{{ name }}", "--state", "open"]))?
        .expect_code(2)?
        .expect_stderr("there are established, syn-sent")?;
    Ok(())
}
