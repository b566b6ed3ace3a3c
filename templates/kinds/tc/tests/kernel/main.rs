//! `{{ name }}` on the running kernel: what its user sees.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bpfapps_core::host::interfaces;
use bpfapps_core::net::create_clsact;
use bpfapps_testkit::net::{self, Net, pair};
use bpfapps_testkit::{App, Process, Test, cli, needs, refuses, skip, test};

const TESTS: &[Test] = &[
    test!(flow_has_a_row_each_way),
    test!(documents_are_what_the_schema_says),
    test!(flow_is_reported_once),
    test!(quiet_flow_is_reported_again),
    test!(packets_to_a_port_are_dropped),
    test!(classic_tc_does_the_same),
    test!(classic_tc_leaves_what_was_there),
    test!(kernel_without_either_tc_is_named),
    test!(missing_interface_is_named),
    test!(wrong_options_are_refused),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// The app on loopback, which is all there is in a network of the test's own.
fn start(more: &[&str]) -> Result<App> {
    App::start(&[&["{{ name }}", "--interface", "lo"], more].concat())
}

/// Whether loopback takes the filters of the classic tc: a kernel may lack the qdisc for it.
fn has_clsact() -> Result<bool> {
    let _net = Net::new()?;
    match create_clsact(interfaces::index("lo")?) {
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(false),
        made => Ok(made?),
    }
}

/// A network of the test's own, on a kernel with either kind of tc.
fn network() -> Result<Net> {
    if needs::type_named("tcx_link").is_err() && !has_clsact()? {
        skip("needs tcx: Linux 6.6")?;
    }
    Net::new()
}

/// The same for those that need the classic one.
fn classic_network() -> Result<Net> {
    if !has_clsact()? {
        skip("this kernel has no clsact qdisc: CONFIG_NET_SCH_INGRESS is off, or not loaded")?;
    }
    Net::new()
}

/// What is attached to loopback by the classic tc.
fn tc(words: &str) -> Result<String> {
    let output = Command::new("tc").args(words.split(' ')).output();
    let output = output.context("failed to run tc")?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

fn flow_has_a_row_each_way() -> Result<()> {
    let _net = network()?;
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     DIR"), "{}", app.title());
    let (sender, _receiver, to) = pair("127.0.0.1")?;
    let from = sender.local_addr()?;
    sender.send_to(b"hello", to)?;
    for way in ["out", "in "] {
        let wanted = format!("{way} pass    udp      {from}");
        // headers: 14 of Ethernet, 20 of IP, 8 of UDP
        app.row(|row| row.contains(&wanted) && row.ends_with(" 47"))?;
    }
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json"])?;
    let (sender, _receiver, to) = pair("::1")?;
    sender.send_to(b"hello", to)?;
    let flow = app.document(|document| document["destination_port"] == to.port())?;
    ensure!(flow["type"] == "flow" && flow["source"] == "::1", "{flow}");
    app.documents()?;
    Ok(())
}

fn flow_is_reported_once() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json"])?;
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
    ensure!(flows.count() == 2, "{documents:#?}");
    Ok(())
}

fn quiet_flow_is_reported_again() -> Result<()> {
    let _net = network()?;
    let mut app = start(&["-o", "json", "--idle", "1"])?;
    let (sender, _receiver, to) = pair("127.0.0.1")?;
    for _ in 0..2 {
        sender.send_to(b"hello", to)?;
        for direction in ["out", "in"] {
            app.document(|document| {
                document["destination_port"] == to.port() && document["direction"] == direction
            })?;
        }
        // the quiet that is to be noticed
        thread::sleep(Duration::from_millis(1100));
    }
    app.end()?;
    Ok(())
}

fn packets_to_a_port_are_dropped() -> Result<()> {
    let _net = network()?;
    dropped_packets_do_not_arrive(&[])
}

fn classic_tc_does_the_same() -> Result<()> {
    let _net = classic_network()?;
    dropped_packets_do_not_arrive(&["--classic"])?;
    let before = tc("qdisc show dev lo")?;
    let app = start(&["--classic"])?;
    ensure!(tc("qdisc show dev lo")?.contains("clsact"), "it is not the classic tc");
    app.end()?;
    let after = tc("qdisc show dev lo")?;
    ensure!(after == before, "left behind: {after}");
    Ok(())
}

fn dropped_packets_do_not_arrive(more: &[&str]) -> Result<()> {
    let (sender, receiver, to) = pair("127.0.0.1")?;
    let (blocked, there) = (UdpSocket::bind("127.0.0.1:0")?, to);
    blocked.set_nonblocking(true)?;
    let port = blocked.local_addr()?.port();
    let mut app = start(&[&["--drop", &port.to_string()], more].concat())?;
    // that it was refused is not reported to who sends it
    let _ = sender.send_to(b"no", blocked.local_addr()?);
    sender.send_to(b"yes", there)?;
    ensure!(receiver.recv(&mut [0; 9])? == 3, "something else came");
    ensure!(blocked.recv(&mut [0; 9]).is_err(), "a packet came that was to be dropped");
    app.row(|row| row.contains(" out drop ") && row.contains(&format!(":{port} ")))?;
    app.end()?;
    sender.send_to(b"now", blocked.local_addr()?)?;
    ensure!(blocked.recv(&mut [0; 9])? == 3, "packets are still dropped");
    Ok(())
}

fn classic_tc_leaves_what_was_there() -> Result<()> {
    let _net = classic_network()?;
    tc("qdisc add dev lo clsact")?;
    tc("filter add dev lo ingress prio 7 protocol ip u32 match u32 0 0 flowid 1:1")?;
    let show = || Ok(tc("qdisc show dev lo")? + &tc("filter show dev lo ingress")?);
    let before: Result<String> = show();
    start(&["--classic"])?.end()?;
    let (before, after) = (before?, show()?);
    ensure!(before == after && before.contains("pref 7"), "{before} became {after}");
    Ok(())
}

fn kernel_without_either_tc_is_named() -> Result<()> {
    let mut app = cli(["{{ name }}", "--interface", "lo", "--classic"]);
    if has_clsact()? {
        return skip("this kernel has the clsact qdisc");
    }
    let _net = Net::new()?;
    Process::run(&mut app)?
        .expect_code(1)?
        .expect_stderr("this kernel has no clsact qdisc, which the classic tc needs")?
        .expect_stderr("hint: tcx, which needs none, is in Linux 6.6 and newer")?;
    Ok(())
}

fn missing_interface_is_named() -> Result<()> {
    net::missing_interface_is_named("{{ name }}")
}

fn wrong_options_are_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--drop", "0"], ["--idle", "0"]])
}
