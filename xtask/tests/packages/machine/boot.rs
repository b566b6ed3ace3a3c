//! The inside: what becomes systemd in namespaces of its own.

use std::env;
use std::fs::{self, File};
use std::io::{Write as _, stdout};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, exit};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Fixture, cgroup, fixture};
use caps::{CapSet, Capability};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::chroot;

use super::SYSTEMD;

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(machine), fixture!(first_process)];

/// What is below a machine's folder: its changes, and the root that has them.
pub(super) const UPPER: &str = "machine/upper";
const WORK: &str = "machine/work";
const ROOT: &str = "machine/root";

/// Its programs belong to the machine, and the rest of the kernel to the one that it is in.
const DROPPED: [Capability; 4] = [
    Capability::CAP_AUDIT_CONTROL,
    Capability::CAP_AUDIT_READ,
    Capability::CAP_SYS_MODULE,
    Capability::CAP_SYS_TIME,
];

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// `CGROUP FOLDER [ADDED]`: it prints the id of the machine's first process, and waits for
/// its end.
fn machine(args: &[String]) -> Result<()> {
    let [cgroup, args @ ..] = args else {
        bail!("a cgroup, a folder, and what is added to the root");
    };
    // with the test ends the machine, and with that all that runs in there
    set_pdeathsig(Signal::SIGKILL)?;
    cgroup::enter(cgroup)?;
    let own = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWCGROUP
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(own).context("no namespaces")?;
    make_private("/")?;
    let mut first = fixture("first_process")?;
    let mut first = first.args(args).spawn()?;
    writeln!(stdout(), "{}", first.id())?;
    exit(first.wait()?.code().unwrap_or(99))
}

/// It has a root where everything can be changed, and nothing is when it is gone.
fn first_process(args: &[String]) -> Result<()> {
    let [folder, added @ ..] = args else {
        bail!("a folder, and what is added to the root");
    };
    set_pdeathsig(Signal::SIGKILL)?;
    let folder = Path::new(folder);
    mount_new("tmpfs", &folder.join("machine"), MsFlags::empty(), "")?;
    for part in [UPPER, WORK, ROOT] {
        fs::create_dir(folder.join(part))?;
    }
    for added in added {
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--no-target-directory", added]);
        let copied = copy.arg(folder.join(UPPER)).status()?;
        ensure!(copied.success(), "failed to copy {added}");
    }
    hide(&folder.join(UPPER).join("etc/systemd/system"))?;
    let [upper, work, root] = [UPPER, WORK, ROOT].map(|part| folder.join(part));
    let options = format!(
        "lowerdir=/,upperdir={},workdir={}",
        upper.display(),
        work.display()
    );
    mount_new("overlay", &root, MsFlags::empty(), &options)?;
    env::set_current_dir(&root)?;
    file_systems()?;
    // as switch_root does: a mount is nobody's root but in its namespace
    let none = None::<&str>;
    mount(Some("."), "/", none, MsFlags::MS_MOVE, none).context("failed to move the root")?;
    chroot(".")?;
    env::set_current_dir("/")?;
    for capability in DROPPED {
        caps::drop(None, CapSet::Bounding, capability)?;
    }
    caps::clear(None, CapSet::Inheritable)?;
    let mut command = Command::new(SYSTEMD);
    command
        .args(["--unit=basic.target", "--log-target=journal-or-kmsg"])
        .args(["--log-level=notice", "--show-status=no"])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        // it leaves devices and clocks alone
        .env("container", "test");
    Err(command.exec()).context("failed to run systemd")
}

/// An empty folder in place of the one below: services that others enabled are not started.
fn hide(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    xattr::set(folder, "trusted.overlay.opaque", b"y").context("no empty folder")
}

/// Those of a container, in the current folder. What belongs to the kernel can't be changed.
fn file_systems() -> Result<()> {
    let read_only = MsFlags::MS_RDONLY;
    mount_new("proc", Path::new("proc"), MsFlags::empty(), "")?;
    let settings = Path::new("proc/sys");
    bind(settings, settings)?;
    let again = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | read_only;
    let none = None::<&str>;
    mount(none, settings, none, again, none).context("failed to protect /proc/sys")?;
    mount_new("sysfs", Path::new("sys"), read_only, "")?;
    mount_new("cgroup2", Path::new("sys/fs/cgroup"), MsFlags::empty(), "")?;
    mount_new("tmpfs", Path::new("dev"), MsFlags::empty(), "mode=755")?;
    for device in DEVICES {
        let place = Path::new("dev").join(device);
        File::create(&place)?;
        bind(&Path::new("/dev").join(device), &place)?;
    }
    symlink("/proc/self/fd", "dev/fd")?;
    symlink("pts/ptmx", "dev/ptmx")?;
    fs::create_dir("dev/pts")?;
    let terminals = Path::new("dev/pts");
    mount_new(
        "devpts",
        terminals,
        MsFlags::empty(),
        "newinstance,ptmxmode=666",
    )?;
    for folder in ["run", "tmp"] {
        mount_new("tmpfs", Path::new(folder), MsFlags::empty(), "")?;
    }
    Ok(())
}

fn make_private(place: &str) -> Result<()> {
    let none = None::<&str>;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, place, none, private, none).context("failed to make mounts private")
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    let none = None::<&str>;
    mount(Some(from), to, none, MsFlags::MS_BIND, none)
        .with_context(|| format!("failed to mount {}", from.display()))
}

fn mount_new(kind: &str, place: &Path, flags: MsFlags, options: &str) -> Result<()> {
    mount(Some(kind), place, Some(kind), flags, Some(options))
        .with_context(|| format!("failed to mount {kind} at {}", place.display()))
}
