//! `{{ name }}` on the running kernel: what its user sees.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{self, ExitCode};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::cgroup::{self, Cgroup};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs_lsm, sandbox, skip, test};

const TESTS: &[Test] = &[
    test!(connection_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(only_that_process_is_denied),
    test!(only_that_cgroup_is_denied),
    test!(denial_ends_by_itself),
    test!(everybody_is_never_denied),
    test!(wrong_cgroup_is_named),
    test!(inactive_lsm_is_named),
    test!(kernel_without_lsm_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(connect), fixture!(connect_in_cgroup)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Opens a connection to a port of this machine.
fn connect(args: &[String]) -> Result<()> {
    let port = args.first().context("which port")?.parse()?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    Ok(())
}

/// The same in a cgroup, which is not to let it.
fn connect_in_cgroup(args: &[String]) -> Result<()> {
    let [port, folder] = args else { bail!("a port and a cgroup") };
    cgroup::enter(folder)?;
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?));
    let kind = refused.map(drop).map_err(|err| err.kind());
    ensure!(kind == Err(ErrorKind::PermissionDenied), "{kind:?}");
    Ok(())
}

/// Somebody to connect to.
fn listen() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Runs the fixture, which is to succeed, and returns its pid.
fn provoke(port: u16) -> Result<u32> {
    Ok(Process::run(fixture("connect")?.arg(port.to_string()))?.expect_code(0)?.pid)
}

fn own() -> String {
    process::id().to_string()
}

fn connection_has_a_row() -> Result<()> {
    needs_lsm()?;
    let (_listener, port) = listen()?;
    let mut app = App::start(&["{{ name }}"])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke(port)?.to_string();
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
    ensure!(row.ends_with(&format!(" connect 127.0.0.1:{port}")), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    needs_lsm()?;
    let (_listener, port) = listen()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--pid", &own()])?;
    provoke(port)?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    app.document(|it| it["type"] == "connect" && it["port"] == port)?;
    let documents = app.documents()?;
    let mut own = documents.iter().filter(|it| it["pid"].is_number());
    ensure!(own.all(|it| it["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

fn only_that_process_is_denied() -> Result<()> {
    needs_lsm()?;
    let (_listener, port) = listen()?;
    let args = ["{{ name }}", "-o", "json", "--pid", &own(), "--deny", "600"];
    let mut app = App::start(&args)?;
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|err| err.kind());
    ensure!(refused.is_err_and(|kind| kind == ErrorKind::PermissionDenied), "it was let");
    // everybody else is let
    provoke(port)?;
    app.document(|it| it["type"] == "denied" && it["pid"] == process::id())?;
    app.documents()?;
    // it has taken the denial with it
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    Ok(())
}

fn only_that_cgroup_is_denied() -> Result<()> {
    needs_lsm()?;
    let (_listener, port) = listen()?;
    let cgroup = Cgroup::new()?;
    let folder = cgroup.path();
    let mut app = App::start(&["{{ name }}", "-o", "json", "--cgroup", folder, "--deny", "600"])?;
    let mut command = fixture("connect_in_cgroup")?;
    let pid = Process::run(command.args([&port.to_string(), folder]))?.expect_code(0)?.pid;
    // everybody else is let
    provoke(port)?;
    app.document(|it| it["type"] == "denied" && it["pid"] == pid)?;
    app.documents()?;
    Ok(())
}

fn denial_ends_by_itself() -> Result<()> {
    needs_lsm()?;
    let (_listener, port) = listen()?;
    let app = App::start(&["{{ name }}", "--pid", &own(), "--deny", "1"])?;
    // while the app still runs
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        thread::yield_now();
    }
    let exit = app.end()?;
    let last = exit.stdout.last().context("no row")?;
    ensure!(last.contains(" connect "), "{last}");
    Ok(())
}

fn everybody_is_never_denied() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--deny", "10"]))?
        .expect_code(1)?
        .expect_stderr("error: --deny would deny connections to every process")?
        .expect_stderr("hint: select the processes: --pid PID or --cgroup PATH")?;
    Ok(())
}

fn wrong_cgroup_is_named() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--cgroup", "no/such/cgroup"]))?
        .expect_code(1)?
        .expect_stderr("cgroup v2")?;
    Ok(())
}

/// As a kernel says it that is booted without `lsm=…,bpf`.
fn inactive_lsm_is_named() -> Result<()> {
    let file = "/sys/kernel/security/lsm";
    let mut app = sandbox::with_file(file, "capability,yama\n", &cli(["{{ name }}"]))?;
    Process::run(&mut app)?
        .expect_code(1)?
        .expect_stderr("error[BPF0056]: the BPF LSM is not active in this kernel")?
        .expect_stderr("hint: boot it with lsm=capability,yama,bpf")?;
    Ok(())
}

fn kernel_without_lsm_is_named() -> Result<()> {
    if needs_lsm().is_ok() {
        return skip("this kernel takes LSM programs");
    }
    let exit = Process::run(&mut cli(["{{ name }}"]))?.expect_code(1)?;
    exit.expect_stderr("LSM")?.expect_stderr("hint: ")?;
    Ok(())
}
