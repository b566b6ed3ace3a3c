//! `{{ name }}` on the running kernel: what its user sees.

use std::net::UdpSocket;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::net::{self, Net};
use bpfapps_testkit::{App, Process, Test, cli, needs, test};

const TESTS: &[Test] = &[
    test!(protocol_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(nothing_stays_attached),
    test!(driver_without_xdp_is_named),
    test!(missing_interface_is_named),
    test!(kernel_that_is_too_old_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A network of the test's own.
fn network() -> Result<Net> {
    needs::linux("5.9", "XDP links")?;
    Net::new()
}

/// The app on loopback, which is all there is in a network of the test's own.
fn start(more: &[&str]) -> Result<App> {
    App::start(&[&["{{ name }}", "--interface", "lo", "--interval", "0.01"], more].concat())
}

/// Sends `count` packets of 100 bytes: 14 of Ethernet, 20 of IP, 8 of UDP and 58 of data.
fn send(count: usize) -> Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    for _ in 0..count {
        socket.send_to(&[0; 58], socket.local_addr()?)?;
    }
    Ok(())
}

fn protocol_has_a_row() -> Result<()> {
    let _net = network()?;
    let mut app = start(&[])?;
    ensure!(app.title() == "TIME     PROTOCOL PACKETS    BYTES", "{}", app.title());
    send(1)?;
    let row = app.row(|row| row.contains(" udp "))?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[1..] == ["udp", "1", "100"], "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json"])?;
    send(41)?;
    app.document(|document| document["protocol"] == "udp")?;
    // the next report has only what came after it
    send(1)?;
    app.document(|document| document["protocol"] == "udp")?;
    let documents = app.documents()?;
    // a slow machine answers by ICMP that nobody listens
    let udp = documents.iter().filter(|it| it["protocol"] == "udp");
    let sum = |field: &str| udp.clone().filter_map(|it| it[field].as_u64()).sum::<u64>();
    ensure!((sum("packets"), sum("bytes")) == (42, 4200), "{documents:#?}");
    Ok(())
}

fn nothing_stays_attached() -> Result<()> {
    let _net = network()?;
    let app = start(&[])?;
    let taken = Process::run(&mut cli(["{{ name }}", "--interface", "lo"]))?.expect_code(1)?;
    let said = taken.stderr.first().context("nothing is said")?;
    ensure!(said.contains(" XDP of lo: it is taken by program handle_packet (id "), "{taken:#?}");
    app.end()?;
    Process::run(&mut cli(["{{ name }}", "--interface", "lo"]))?.expect_code(0)?;
    Ok(())
}

fn driver_without_xdp_is_named() -> Result<()> {
    let _net = network()?;
    Process::run(&mut cli(["{{ name }}", "--interface", "lo", "--mode", "native"]))?
        .expect_code(1)?
        .expect_stderr("the driver of lo does not support XDP: ")?
        .expect_stderr("hint: use generic mode, which works with any driver: --mode skb")?;
    Ok(())
}

fn missing_interface_is_named() -> Result<()> {
    net::missing_interface_is_named("{{ name }}")
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["{{ name }}", "--interface", "lo"])
}
