//! `{{ name }}` on the running kernel: what its user sees.

use std::net::UdpSocket;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::net::{self, Net, ip};
use bpfapps_testkit::{App, Process, Test, cli, needs, skip, test};
use libbpf_rs::ProgramType;
use libbpf_rs::libbpf_sys::BPF_FUNC_timer_init;

const TESTS: &[Test] = &[
    test!(source_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(dropped_packets_do_not_arrive),
    test!(source_without_a_timer_is_lost),
    test!(driver_is_asked_first),
    test!(driver_without_xdp_is_named),
    test!(missing_interface_is_named),
    test!(interface_that_is_taken_is_named),
    test!(kernel_that_is_too_old_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A network of the test's own, on a kernel whose XDP programs have timers.
fn network() -> Result<Net> {
    let timers = "needs timers in BPF: Linux 5.15";
    needs::helper(ProgramType::Xdp, BPF_FUNC_timer_init, timers)?;
    needs::memory_at_run_time()?;
    Net::new()
}

/// The app on loopback, which is all there is in a network of the test's own.
fn start(more: &[&str]) -> Result<App> {
    App::start(&[&["{{ name }}", "--interface", "lo", "--interval", "50"], more].concat())
}

/// Sends a packet of `size` bytes from one address to another.
fn send(from: &str, to: &UdpSocket, size: usize) -> Result<()> {
    let socket = UdpSocket::bind((from, 0)).with_context(|| format!("failed to bind {from}"))?;
    socket.send_to(&vec![0; size], to.local_addr()?)?;
    Ok(())
}

/// Whether a packet of `size` bytes has come.
fn came(socket: &UdpSocket, size: usize) -> Result<bool> {
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(socket.recv(&mut [0; 1024])? == size)
}

fn source_has_a_row() -> Result<()> {
    let _net = network()?;
    let receiver = UdpSocket::bind("127.0.0.1:0")?;
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     SOURCE"), "{}", app.title());
    send("127.0.0.7", &receiver, 58)?;
    let row = app.row(|row| row.contains(" 127.0.0.7 "))?;
    let words: Vec<_> = row.split_whitespace().collect();
    // headers: 14 of Ethernet, 20 of IP, 8 of UDP
    ensure!(words[2..] == ["pass", "1", "100"], "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let receiver = UdpSocket::bind("[::1]:0")?;
    let mut app = start(&["-o", "json"])?;
    for _ in 0..40 {
        send("::1", &receiver, 1)?;
    }
    let first = app.document(|document| document["source"] == "::1")?;
    ensure!(first["type"] == "source" && first["verdict"] == "pass", "{first}");
    // from then on with what has come since
    send("::1", &receiver, 1)?;
    app.document(|document| document["source"] == "::1")?;
    let documents = app.documents()?;
    let packets = documents.iter().filter_map(|document| document["packets"].as_u64());
    ensure!(packets.sum::<u64>() == 41, "{documents:#?}");
    Ok(())
}

fn dropped_packets_do_not_arrive() -> Result<()> {
    let _net = network()?;
    let receiver = UdpSocket::bind("127.0.0.1:0")?;
    let mut app = start(&["--drop", "127.1.0.0/16", "--drop", "127.0.0.2"])?;
    send("127.1.2.3", &receiver, 1)?;
    send("127.0.0.2", &receiver, 2)?;
    send("127.0.0.3", &receiver, 3)?;
    ensure!(came(&receiver, 3)?, "a packet came that was to be dropped");
    app.row(|row| row.contains(" 127.1.2.3 ") && row.contains(" drop "))?;
    app.end()?;
    send("127.0.0.2", &receiver, 4)?;
    ensure!(came(&receiver, 4)?, "the packet did not come");
    Ok(())
}

fn source_without_a_timer_is_lost() -> Result<()> {
    if needs::memory_at_run_time().is_ok() {
        return skip("this kernel has memory for timers");
    }
    let _net = Net::new()?;
    let receiver = UdpSocket::bind("127.0.0.1:0")?;
    let app = start(&[])?;
    send("127.0.0.7", &receiver, 58)?;
    ensure!(came(&receiver, 58)?, "a packet was lost");
    let exit = app.end()?;
    exit.expect_stderr("lost")?.expect_stderr("a map was full")?;
    Ok(())
}

fn driver_is_asked_first() -> Result<()> {
    let _far = Net::new()?;
    let near = Net::new()?;
    near.veth("near", "far")?;
    ip("addr add 192.0.2.1/24 dev near")?;
    ip("link set near up")?;
    let sender = near.outside(|| {
        ip("addr add 192.0.2.2/24 dev far")?;
        ip("link set far up")?;
        UdpSocket::bind("192.0.2.2:0").context("failed to bind")
    })?;
    let args = ["{{ name }}", "--interface", "near", "--interval", "50", "-v"];
    let mut app = App::start(&args)?;
    let receiver = UdpSocket::bind("192.0.2.1:0")?;
    sender.send_to(b"x", receiver.local_addr()?)?;
    app.row(|row| row.contains(" 192.0.2.2 "))?;
    app.end()?.expect_stderr("native XDP of near")?;
    Ok(())
}

fn driver_without_xdp_is_named() -> Result<()> {
    let _net = network()?;
    Process::run(&mut cli(["{{ name }}", "--interface", "lo", "--mode", "native"]))?
        .expect_code(1)?
        .expect_stderr(
            "error[BPF0050]: failed to attach handle_packet to native XDP of lo: the driver of lo \
             does not support XDP: ",
        )?
        .expect_stderr("hint: use generic mode, which works with any driver: --mode skb")?;
    Ok(())
}

fn missing_interface_is_named() -> Result<()> {
    net::missing_interface_is_named("{{ name }}")
}

fn interface_that_is_taken_is_named() -> Result<()> {
    let _net = network()?;
    let app = start(&[])?;
    let exit = Process::run(&mut cli(["{{ name }}", "--interface", "lo"]))?.expect_code(1)?;
    let said = exit.stderr.first().context("nothing is said")?;
    // native or generic: which of them is asked first, and says so, is up to the kernel
    let taken = " XDP of lo: it is taken by program handle_packet (id ";
    ensure!(said.starts_with("error[BPF0048]: failed to attach handle_packet to "), "{exit:#?}");
    ensure!(said.contains(taken) && said.contains(", link "), "{exit:#?}");
    ensure!(said.contains(&format!(" (pid {}): ", app.pid())), "{exit:#?}");
    exit.expect_stderr(&format!("hint: stop it: sudo kill {}", app.pid()))?;
    app.end()?;
    Ok(())
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["{{ name }}", "--interface", "lo"])
}
