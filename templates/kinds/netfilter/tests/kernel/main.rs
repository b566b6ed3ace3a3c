//! `{{ name }}` on the running kernel: what its user sees.

use std::net::UdpSocket;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use bpfapps_testkit::net::{Net, pair};
use bpfapps_testkit::{App, Process, Test, cli, needs, refuses, test};
use libbpf_rs::ProgramType;

const TESTS: &[Test] = &[
    test!(flow_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(each_hook_has_its_flows),
    test!(flow_is_reported_once),
    test!(quiet_flow_is_reported_again),
    test!(dropped_packets_do_not_arrive),
    test!(priority_that_is_taken_is_named),
    test!(wrong_options_are_refused),
    test!(kernel_that_is_too_old_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A network of the test's own, on a kernel that has what it takes.
fn network() -> Result<Net> {
    needs::programs(ProgramType::Netfilter)?;
    Net::new()
}

fn flow_has_a_row() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     VERDICT"), "{}", app.title());
    let (sender, _receiver, to) = pair("127.0.0.1")?;
    let from = sender.local_addr()?;
    sender.send_to(b"hello", to)?;
    let row = app.row(|row| row.contains(&format!(" udp      {from} ")))?;
    // headers: 20 of IP, 8 of UDP
    ensure!(row.contains(" accept  lo       -  ") && row.ends_with(" 33"), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "-o", "json"])?;
    let (sender, _receiver, to) = pair("::1")?;
    sender.send_to(b"hello", to)?;
    let flow = app.document(|document| document["destination_port"] == to.port())?;
    ensure!(flow["type"] == "flow" && flow["source"] == "::1", "{flow}");
    app.documents()?;
    Ok(())
}

fn each_hook_has_its_flows() -> Result<()> {
    let _net = network()?;
    let hooks = [
        ("prerouting", Some("lo"), None),
        ("output", None, Some("lo")),
        ("postrouting", None, Some("lo")),
    ];
    for (hook, from, to) in hooks {
        let mut app = App::start(&["{{ name }}", "-o", "json", "--hook", hook])?;
        let (sender, _receiver, at) = pair("127.0.0.1")?;
        sender.send_to(b"hello", at)?;
        let flow = app.document(|document| document["destination_port"] == at.port())?;
        ensure!(flow["in"].as_str() == from && flow["out"].as_str() == to, "{hook}: {flow}");
        app.end()?;
    }
    Ok(())
}

fn flow_is_reported_once() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "-o", "json"])?;
    let (sender, receiver, to) = pair("127.0.0.1")?;
    for _ in 0..20 {
        sender.send_to(b"hello", to)?;
        receiver.recv(&mut [0; 9])?;
    }
    // another one, to see that all of the first has been reported
    let (other, _other, there) = pair("127.0.0.1")?;
    other.send_to(b"hello", there)?;
    app.document(|document| document["destination_port"] == there.port())?;
    let documents = app.documents()?;
    let flows = documents.iter().filter(|document| document["destination_port"] == to.port());
    ensure!(flows.count() == 1, "{documents:#?}");
    Ok(())
}

fn quiet_flow_is_reported_again() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--idle", "1"])?;
    let (sender, _receiver, to) = pair("127.0.0.1")?;
    for _ in 0..2 {
        sender.send_to(b"hello", to)?;
        app.document(|document| document["destination_port"] == to.port())?;
        // the quiet that is to be noticed
        thread::sleep(Duration::from_millis(1100));
    }
    app.end()?;
    Ok(())
}

fn dropped_packets_do_not_arrive() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "--drop", "127.1.0.0/16"])?;
    let (sender, receiver, to) = pair("127.0.0.1")?;
    let blocked = UdpSocket::bind("127.1.2.3:0")?;
    blocked.send_to(b"no", to)?;
    sender.send_to(b"yes", to)?;
    ensure!(receiver.recv(&mut [0; 9])? == 3, "a packet came that was to be dropped");
    app.row(|row| row.contains(" drop ") && row.contains(" 127.1.2.3:"))?;
    app.end()?;
    blocked.send_to(b"now", to)?;
    ensure!(receiver.recv(&mut [0; 9])? == 3, "packets are still dropped");
    Ok(())
}

fn priority_that_is_taken_is_named() -> Result<()> {
    let _net = network()?;
    let app = App::start(&["{{ name }}", "--priority", "-7"])?;
    Process::run(&mut cli(["{{ name }}", "--priority", "-7"]))?
        .expect_code(1)?
        .expect_stderr(
            "error[BPF0048]: failed to attach handle_packet to input of netfilter for IPv4, \
             priority -7: it is taken by program handle_packet (id ",
        )?
        .expect_stderr(&format!(" (pid {}): ", app.pid()))?
        .expect_stderr("hint: use another priority: each allows one program; or stop it: ")?;
    // at another one there is room
    App::start(&["{{ name }}", "--priority", "-8"])?.end()?;
    app.end()?;
    Ok(())
}

fn wrong_options_are_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--idle", "0"], ["--hook", "ingress"], ["--drop", "lo"]])
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["{{ name }}"])
}
