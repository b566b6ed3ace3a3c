//! A disk that is full, and not for ever.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Fixture, Process, Test, cli, fixture, test};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{PATIENCE, Shell, count, documents};

pub(crate) const TESTS: &[Test] = &[
    test!(full_disk_costs_counted_events_and_tears_none),
    test!(full_disk_is_a_loss_for_strict),
    test!(reader_that_goes_is_no_loss_for_strict),
    test!(full_disk_from_the_start_is_an_error),
    test!(file_that_is_rotated_outlives_a_full_disk),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(on_small_disk)];

/// Mounts a disk of that size at a folder, which only the command sees that it becomes.
pub(crate) fn on_small_disk(args: &[String]) -> Result<()> {
    let [size, folder, program, args @ ..] = args else {
        bail!("a size, a folder and a command")
    };
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    // in a chroot / is no mount
    let _ = mount(nothing, "/", nothing, private, nothing);
    let options = format!("mode=1777,size={size}");
    let tmpfs = Some("tmpfs");
    mount(
        tmpfs,
        folder.as_str(),
        tmpfs,
        MsFlags::empty(),
        Some(options.as_str()),
    )?;
    Err(Command::new(program).args(args).exec()).context("failed to run it")
}

/// procs on a small disk, with output to a file there.
struct OnDisk {
    procs: Process,
    shell: Shell,
    disk: Disk,
    _folder: TempDir,
}

impl OnDisk {
    fn start(size: &str, args: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let shell = Shell::start()?;
        let mut command = fixture("on_small_disk")?;
        command.arg(size).arg(folder.path());
        command.arg(cli([]).get_program()).arg("procs");
        let file = folder.path().join("x");
        let procs = shell.traced_by(&mut command, &file, args)?;
        let root = PathBuf::from(format!("/proc/{}/root", procs.pid()));
        Ok(Self {
            disk: Disk(File::open(root.join(folder.path().strip_prefix("/")?))?),
            procs,
            shell,
            _folder: folder,
        })
    }
}

/// The open folder: it is there until this is closed, also when procs has ended.
struct Disk(File);

impl Disk {
    fn path(&self, name: &str) -> PathBuf {
        Path::new("/proc/self/fd").join(format!("{}/{name}", self.0.as_raw_fd()))
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.path(name))?)
    }

    /// Takes all room that is left.
    fn fill(&self) -> Result<PathBuf> {
        let filler = self.path("filler");
        let written = fs::write(&filler, vec![b'x'; 1 << 20]);
        ensure!(written.is_err(), "it is larger than 1 MiB");
        Ok(filler)
    }
}

/// The number in the closing message.
fn lost(stderr: &[String]) -> Result<usize> {
    let end = " events: the file could not be written";
    let line = stderr.iter().find_map(|line| line.strip_suffix(end));
    let line = line.with_context(|| format!("nothing lost: {stderr:#?}"))?;
    Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
}

fn full_disk_costs_counted_events_and_tears_none() -> Result<()> {
    let mut on = OnDisk::start("128K", &["-o", "json"])?;
    on.shell.run(10)?;
    let filler = on.disk.fill()?;
    // what is left of the last block takes the beginning of it
    on.shell.run(200)?;
    let said = on.procs.says("failed to write to ")?;
    let expected =
        "x: No space left on device (os error 28): events are lost until that works again";
    ensure!(said.ends_with(expected), "{said}");
    // the part of an event that the disk took is there for a moment
    let end = Instant::now() + PATIENCE;
    let before = loop {
        match documents(&on.disk.read("x")?) {
            Err(_) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            read => break read?,
        }
    };
    fs::remove_file(filler)?;
    on.shell.run(20)?;
    on.procs.signal(Signal::SIGINT)?;
    let exit = on.procs.wait()?.expect_code(0)?;
    ensure!(exit.stderr.len() == 2, "{exit:#?}");
    let lost = lost(&exit.stderr)?;
    let documents = documents(&on.disk.read("x")?)?;
    let reported = count(&documents, "exec") + count(&documents, "exit");
    ensure!(
        reported + lost == 2 * 230,
        "{reported} reported, {lost} lost"
    );
    ensure!(
        lost > 0 && documents.len() > before.len() + 20,
        "{lost} lost"
    );
    // in the stream, too
    let told = documents
        .iter()
        .filter(|document| document["type"] == "lost");
    let told: Vec<_> = told
        .filter(|document| document["stage"] == "output")
        .collect();
    let total: u64 = told.iter().filter_map(|lost| lost["count"].as_u64()).sum();
    ensure!(total == lost as u64, "{lost} lost, told {told:?}");
    ensure!(told.last().context("none")?["total"] == lost, "{told:?}");
    Ok(())
}

fn full_disk_is_a_loss_for_strict() -> Result<()> {
    let folder = TempDir::new()?;
    let socket = folder.path().join("metrics");
    let address = format!("unix:{}", socket.display());
    let args = ["-o", "json", "--strict", "--metrics", &address];
    let mut on = OnDisk::start("128K", &args)?;
    on.disk.fill()?;
    on.shell.run(100)?;
    on.procs.says("events are lost until that works again")?;
    let mut stream = UnixStream::connect(&socket)?;
    write!(stream, "GET /metrics HTTP/1.1\r\n\r\n")?;
    let page = std::io::read_to_string(stream)?;
    let series = "bpfapps_lost_total{app=\"procs\",stage=\"output\",cpu=\"\"} ";
    let (_, value) = page.split_once(series).with_context(|| page.clone())?;
    ensure!(!value.starts_with('0'), "none is counted: {page}");
    on.procs.signal(Signal::SIGINT)?;
    let exit = on.procs.wait()?.expect_code(3)?;
    exit.expect_stderr("events: the file could not be written")?;
    Ok(())
}

/// The command is not run then.
fn reader_that_goes_is_no_loss_for_strict() -> Result<()> {
    let app = cli(["procs", "-o", "json", "--strict", "--", "true"]);
    // the one line that is read is there before any event is
    let mut command = Command::new("sh");
    command
        .args(["-c", "\"$@\" | head -n 1", "sh"])
        .arg(app.get_program());
    let exit = Process::run(command.args(app.get_args()))?.expect_code(0)?;
    exit.expect_no_stderr()?
        .expect_stdout("\"type\":\"ready\"")?;
    Ok(())
}

fn full_disk_from_the_start_is_an_error() -> Result<()> {
    let folder = TempDir::new()?;
    let mut command = fixture("on_small_disk")?;
    // the folder itself takes one block
    command
        .arg("4K")
        .arg(folder.path())
        .arg("sh")
        .args(["-c", "echo > $0/filler; exec \"$@\""]);
    command.arg(folder.path()).arg(cli([]).get_program());
    command.args(["procs", "-o", "json", "--output-file"]);
    command.arg(folder.path().join("x"));
    let ran = Path::new("ran");
    command
        .args(["--", "touch"])
        .arg(folder.path().with_file_name(ran));
    let exit = Process::run(&mut command)?.expect_code(1)?;
    exit.expect_stderr("x: No space left on device (os error 28)")?;
    ensure!(
        !folder.path().with_file_name(ran).exists(),
        "the command ran"
    );
    Ok(())
}

fn file_that_is_rotated_outlives_a_full_disk() -> Result<()> {
    let args = ["-o", "json", "--rotate", "64K", "--keep", "1"];
    // two files of 64 KiB do not fit
    let mut on = OnDisk::start("100K", &args)?;
    on.shell.run(400)?;
    on.procs.says("No space left on device")?;
    on.procs.signal(Signal::SIGINT)?;
    let exit = on.procs.wait()?.expect_code(0)?;
    let mut all = documents(&on.disk.read("x.1")?)?;
    all.extend(documents(&on.disk.read("x")?)?);
    let lost = lost(&exit.stderr)?;
    let reported = count(&all, "exec") + count(&all, "exit");
    // what was removed is not lost
    ensure!(
        reported > 100 && reported + lost <= 800,
        "{reported} reported, {lost} lost"
    );
    Ok(())
}
