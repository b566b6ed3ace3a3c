//! `{{ binary }} {{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{App, Process, bpfapps, fixture, needs_lsm, sandbox, skip, test};

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(connection_has_a_row),
            test!(documents_are_what_the_schema_says),
            test!(only_that_process_is_denied),
            test!(only_that_cgroup_is_denied),
            test!(denial_ends_by_itself),
            test!(everybody_is_never_denied),
            test!(wrong_cgroup_is_named),
            test!(inactive_lsm_is_named),
            test!(kernel_without_lsm_is_named),
        ],
        &[fixture!(connect), fixture!(connect_in_cgroup)],
    )
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
    fs::write(Path::new(folder).join("cgroup.procs"), own())?;
    let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port.parse()?));
    let kind = refused.map(drop).map_err(|err| err.kind());
    ensure!(kind == Err(ErrorKind::PermissionDenied), "{kind:?}");
    Ok(())
}

/// A cgroup of our own; it is gone with this.
struct Cgroup(PathBuf);

impl Cgroup {
    fn new() -> Result<Self> {
        let folder = Path::new("/sys/fs/cgroup").join(format!("{{ name }}.{}", own()));
        fs::create_dir(&folder).context("failed to create a cgroup")?;
        Ok(Self(folder))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // an error would mean that somebody is still in it
        let _ = fs::remove_dir(&self.0);
    }
}

/// Somebody to connect to.
fn listen() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Runs the fixture, which is to succeed, and returns its pid.
fn provoke(port: u16) -> Result<u32> {
    let process = Process::start(fixture("connect")?.arg(port.to_string()))?;
    let pid = process.pid();
    process.wait()?.expect_code(0)?;
    Ok(pid)
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
    ensure!(row.ends_with(&format!(" allowed 127.0.0.1:{port}")), "{row}");
    let exit = app.end()?;
    ensure!(exit.stderr.is_empty(), "{exit:#?}");
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
    if !Path::new("/sys/fs/cgroup/cgroup.procs").exists() {
        return skip("no cgroup v2 hierarchy is mounted at /sys/fs/cgroup");
    }
    let (_listener, port) = listen()?;
    let cgroup = Cgroup::new()?;
    let folder = cgroup.0.to_str().context("the path is UTF-8")?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--cgroup", folder, "--deny", "600"])?;
    let mut command = fixture("connect_in_cgroup")?;
    let process = Process::start(command.args([port.to_string().as_str(), folder]))?;
    let pid = process.pid();
    process.wait()?.expect_code(0)?;
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
    ensure!(last.contains(" allowed "), "{last}");
    Ok(())
}

fn everybody_is_never_denied() -> Result<()> {
    Process::run(&mut bpfapps(["{{ name }}", "--deny", "10"]))?
        .expect_code(1)?
        .expect_stderr("error: --deny would deny connections to everybody")?
        .expect_stderr("hint: name whom to deny them: --pid PID or --cgroup PATH")?;
    Ok(())
}

fn wrong_cgroup_is_named() -> Result<()> {
    Process::run(&mut bpfapps(["{{ name }}", "--cgroup", "no/such/cgroup"]))?
        .expect_code(1)?
        .expect_stderr("cgroup v2")?;
    Ok(())
}

/// As a kernel says it that is booted without `lsm=…,bpf`.
fn inactive_lsm_is_named() -> Result<()> {
    let file = "/sys/kernel/security/lsm";
    let mut app = sandbox::with_file(file, "capability,yama\n", &bpfapps(["{{ name }}"]))?;
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
    let exit = Process::run(&mut bpfapps(["{{ name }}"]))?.expect_code(1)?;
    exit.expect_stderr("LSM")?.expect_stderr("hint: ")?;
    Ok(())
}
