//! `{{ name }}` on the running kernel: what its user sees.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::net::{self, Net, ip};
use bpfapps_testkit::{App, Test, test};

const TESTS: &[Test] = &[
    test!(connection_begins_and_ends),
    test!(documents_are_what_the_schema_says),
    test!(only_that_port_is_reported),
    test!(only_that_interface_is_reported),
    test!(refused_connection_is_reset),
    test!(missing_interface_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// The app on loopback, which is all there is in a network of the test's own.
fn start(more: &[&str]) -> Result<App> {
    App::start(&[&["{{ name }}", "--interface", "lo"], more].concat())
}

/// Sends a packet of UDP to `address` from the port, which is returned with a colon before it.
fn send(address: &str) -> Result<String> {
    let socket = UdpSocket::bind((address, 0)).with_context(|| format!("failed to bind {address}"))?;
    socket.send_to(b"hello", socket.local_addr()?)?;
    Ok(format!(":{}", socket.local_addr()?.port()))
}

fn connection_begins_and_ends() -> Result<()> {
    let _net = Net::new()?;
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     DIR"), "{}", app.title());
    let quiet = send("127.0.0.1")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (from, to) = (client.local_addr()?, listener.local_addr()?);
    app.row(|row| row.contains(&format!("in  tcp      {from}")) && row.ends_with(" SYN"))?;
    app.row(|row| row.contains(&format!("in  tcp      {to}")) && row.ends_with(" SYN ACK"))?;
    drop(client);
    app.row(|row| row.contains(&format!("in  tcp      {from}")) && row.ends_with(" FIN ACK"))?;
    let exit = app.end()?.expect_no_stderr()?;
    ensure!(!exit.stdout.iter().any(|row| row.contains(&quiet)), "{exit:#?}");
    // each packet once, though it both leaves and comes in
    let begins = exit.stdout.iter().filter(|row| row.ends_with(" SYN"));
    ensure!(begins.count() == 1, "{exit:#?}");
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = Net::new()?;
    let mut app = start(&["-o", "json", "--all"])?;
    send("::1")?;
    let packet = app.document(|document| document["protocol"] == "udp")?;
    ensure!(packet["source"] == "::1" && packet["direction"] == "in", "{packet}");
    ensure!(packet["source_port"] == packet["destination_port"], "{packet}");
    // headers: 14 of Ethernet, 40 of IP, 8 of UDP
    ensure!(packet["bytes"] == 67, "{packet}");
    app.documents()?;
    Ok(())
}

fn only_that_port_is_reported() -> Result<()> {
    let _net = Net::new()?;
    let wanted = UdpSocket::bind("127.0.0.1:0")?;
    let port = wanted.local_addr()?.port().to_string();
    let mut app = start(&["--all", "--port", &port])?;
    let other = send("127.0.0.1")?;
    wanted.send_to(b"hello", wanted.local_addr()?)?;
    app.row(|row| row.contains(&format!(":{port} ")))?;
    let rows = app.end()?.stdout;
    ensure!(!rows.iter().any(|row| row.contains(&other)), "{rows:#?}");
    Ok(())
}

fn only_that_interface_is_reported() -> Result<()> {
    let _far = Net::new()?;
    let near = Net::new()?;
    near.veth("near", "far")?;
    ip("addr add 192.0.2.1/24 dev near")?;
    ip("link set near up")?;
    near.outside(|| ip("link set far up"))?;
    let mut app = App::start(&["{{ name }}", "--interface", "near", "--all", "-o", "json"])?;
    let on_loopback = send("127.0.0.1")?;
    // nobody answers there, but what is sent to all leaves at once
    let sender = UdpSocket::bind("192.0.2.1:0")?;
    sender.set_broadcast(true)?;
    sender.send_to(b"hello", "192.0.2.255:9")?;
    let packet = app.document(|document| document["destination"] == "192.0.2.255")?;
    ensure!(packet["direction"] == "out", "{packet}");
    let port = on_loopback.trim_start_matches(':').parse::<u16>()?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["source_port"] == port), "{documents:#?}");
    Ok(())
}

fn refused_connection_is_reset() -> Result<()> {
    let _net = Net::new()?;
    let mut app = start(&[])?;
    ensure!(TcpStream::connect("127.0.0.1:1").is_err(), "somebody listens");
    app.row(|row| row.contains(" 127.0.0.1:1 ") && row.ends_with(" RST ACK"))?;
    app.end()?;
    Ok(())
}

fn missing_interface_is_named() -> Result<()> {
    net::missing_interface_is_named("{{ name }}")
}
