//! `{{ name }}` on the running kernel: what its user sees.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::net::{Net, ip, serve};
use bpfapps_testkit::{App, Process, Test, cli, needs, refuses, test};
use nix::sys::socket::{setsockopt, sockopt::TcpCongestion};

const ALGORITHM: &str = "{{ algorithm }}";

const TESTS: &[Test] = &[
    test!(connection_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(window_grows_and_shrinks),
    test!(second_one_is_refused),
    test!(wrong_share_is_refused),
    test!(kernel_that_is_too_old_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// A network of the test's own, on a kernel that has what it takes.
fn network() -> Result<Net> {
    needs::type_named("bpf_struct_ops_link")?;
    Net::new()
}

/// One that hears all that is sent, to each who connects, and says a word; and where it is.
fn server(address: &str) -> Result<SocketAddr> {
    serve(address, |mut stream| {
        stream.read_to_end(&mut Vec::new())?;
        stream.write_all(b"heard")
    })
}

/// A connection that has the congestion control.
fn connect(at: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(at)?;
    let name = OsString::from(ALGORITHM);
    setsockopt(&stream, TcpCongestion, &name).context("there is no such congestion control")?;
    Ok(stream)
}

/// Waits until the other side has all that was sent, and ends the connection.
fn finish(mut stream: TcpStream) -> Result<()> {
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut word = String::new();
    stream.read_to_string(&mut word)?;
    ensure!(word == "heard", "the other side says {word}");
    Ok(())
}

fn connection_has_a_row() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     LOCAL"), "{}", app.title());
    let at = server("127.0.0.1")?;
    let stream = connect(at)?;
    let from = stream.local_addr()?;
    finish(stream)?;
    let row = app.row(|row| row.contains(&format!(" {from} ")))?;
    ensure!(row.contains(&format!(" {at} ")) && row.ends_with(" 0       -"), "{row}");
    app.end()?.expect_no_stderr()?;
    let stream = TcpStream::connect(at)?;
    let left = setsockopt(&stream, TcpCongestion, &OsString::from(ALGORITHM));
    ensure!(left.is_err(), "the congestion control is still there");
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let _net = network()?;
    let mut app = App::start(&["{{ name }}", "-o", "json"])?;
    let at = server("::1")?;
    finish(connect(at)?)?;
    let connection = app.document(|document| document["remote_port"] == at.port())?;
    ensure!(connection["remote"] == "::1" && connection["local"] == "::1", "{connection}");
    app.documents()?;
    Ok(())
}

/// The window and the threshold after a loss, of which so much was to be kept.
fn after_a_loss(share: &str) -> Result<(u64, u64)> {
    let mut app = App::start(&["{{ name }}", "-o", "json", "--share", share])?;
    // a packet on its way when the interface goes down may also just wait until it is up again (and
    // then the kernel sets the threshold back to none, 2^31 - 1), or be lost twice
    for _ in 0..30 {
        let at = server("127.0.0.1")?;
        let mut stream = connect(at)?;
        stream.write_all(&[b'x'; 4_000_000])?;
        ip("link set lo down")?;
        stream.write_all(b"lost")?;
        ip("link set lo up")?;
        finish(stream)?;
        let connection = app.document(|document| document["remote_port"] == at.port())?;
        let number = |name: &str| connection[name].as_u64().with_context(|| format!("no {name}"));
        if number("losses")? == 1 && number("threshold")? < i32::MAX as u64 {
            let numbers = (number("max_window")?, number("threshold")?);
            app.end()?;
            return Ok(numbers);
        }
    }
    anyhow::bail!("no connection has lost a packet once")
}

fn window_grows_and_shrinks() -> Result<()> {
    let _net = network()?;
    let (largest, little) = after_a_loss("10")?;
    ensure!(largest > 10, "it begins with 10 segments, and has not grown: {largest}");
    ensure!(little <= largest / 5, "{little} of {largest}");
    let (largest, much) = after_a_loss("99")?;
    ensure!(much > largest / 2, "{much} of {largest}");
    Ok(())
}

fn second_one_is_refused() -> Result<()> {
    let _net = network()?;
    let app = App::start(&["{{ name }}"])?;
    Process::run(&mut cli(["{{ name }}"]))?
        .expect_code(1)?
        .expect_stderr(&format!(
            "error[BPF0048]: failed to attach algorithm to struct_ops {ALGORITHM}: it is taken by map \
             algorithm (id "
        ))?
        .expect_stderr(&format!(" (pid {}): ", app.pid()))?
        .expect_stderr(&format!("hint: stop it: sudo kill {}", app.pid()))?;
    app.end()?;
    Ok(())
}

fn wrong_share_is_refused() -> Result<()> {
    refuses(&["{{ name }}"], &[["--share", "0"], ["--share", "100"]])
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["{{ name }}"])
}
