use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, exit};

use anyhow::{Context, Result, bail};
use caps::{CapSet, Capability};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, getgid, getuid, setgid, setgroups, setuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::{FIXTURE, REFUSING, WITH_COPY, WITH_FILE, WITH_ONLY, wrap};

/// In a PID namespace, before its own /proc is mounted.
const WITH_PROC: &str = "with-proc";

/// Every place where tracefs may be.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug"];

/// Wherever it is mounted, and as often as it is.
fn unmount_tracefs() {
    for place in TRACEFS {
        while umount2(place, MntFlags::MNT_DETACH).is_ok() {}
    }
}

/// Changes the rights, the namespaces or the mounts of this process, and becomes the command.
pub(crate) fn enter(args: &[String]) -> Result<()> {
    let [what, inner, program, args @ ..] = args else {
        bail!("what to change, and a command")
    };
    let mut command = Command::new(program);
    match inner.is_empty() {
        true => command.env_remove(FIXTURE),
        false => command.env(FIXTURE, inner),
    };
    command.args(args);
    match what.as_str() {
        // exec gives root all capabilities in the bounding set
        "without-capabilities" => caps::clear(None, CapSet::Inheritable)
            .and_then(|()| caps::clear(None, CapSet::Bounding))
            .context("failed to give up capabilities")?,
        "as-nobody" => become_nobody().context("failed to become nobody")?,
        "in-user-namespace" => enter_user_namespace().context("no user namespace")?,
        "in-pid-namespace" => return enter_pid_namespace(&command),
        "in-time-namespace" => return enter_time_namespace(command),
        other if other.starts_with(WITH_ONLY) => keep(&other[WITH_ONLY.len()..])?,
        other if other.starts_with(REFUSING) => refuse(&other[REFUSING.len()..])?,
        other => change_mounts(other)?,
    }
    Err(command.exec()).with_context(|| format!("failed to run {program}"))
}

fn become_nobody() -> Result<()> {
    const NOBODY: u32 = 65534;
    setgroups(&[])?;
    setgid(Gid::from_raw(NOBODY))?;
    Ok(setuid(Uid::from_raw(NOBODY))?)
}

fn enter_user_namespace() -> Result<()> {
    let (user, group) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    Ok(())
}

/// It is its next child that is in there, and mounts what only that may.
fn enter_pid_namespace(command: &Command) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWPID).context("failed to unshare process ids")?;
    become_child(wrap(WITH_PROC, command)?)
}

/// The same; nothing is in there yet, so its clocks can be set.
fn enter_time_namespace(mut command: Command) -> Result<()> {
    let time = CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME);
    unshare(time).context("failed to unshare clocks")?;
    let offsets = "monotonic 86400 0\nboottime 86400 0\n";
    fs::write("/proc/self/timens_offsets", offsets)?;
    // it is forked for that: Linux 5.10 refuses a child that shares our memory until it executes
    command.uid(getuid().as_raw());
    become_child(command)
}

fn become_child(mut command: Command) -> Result<()> {
    let status = command.status();
    let status = status.context("failed to run the first process")?;
    exit(status.code().unwrap_or(99))
}

/// Changes the mounts of this process alone.
fn change_mounts(what: &str) -> Result<()> {
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS).context("failed to unshare mounts")?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    // in a chroot / is no mount, but what most sandboxes change is below these
    let below = ["/sys", "/proc"].as_slice();
    let put = [WITH_FILE, WITH_COPY];
    let put = put.iter().find_map(|kind| what.strip_prefix(kind));
    let file = put.map(Path::new);
    let places = match file {
        Some(file) if !below.iter().any(|place| file.starts_with(place)) => &["/"],
        _ => below,
    };
    for place in places {
        mount(nothing, *place, nothing, private, nothing)
            .with_context(|| format!("failed to make {place} private"))?;
    }
    match what {
        "without-tracefs" => unmount_tracefs(),
        "with-tracefs" => {
            // it can not be mounted over itself
            unmount_tracefs();
            mount_new("tracefs", Path::new(TRACEFS[0]))?;
        }
        "without-btf" => mount_new("tmpfs", Path::new("/sys/kernel/btf"))?,
        WITH_PROC => mount_new("proc", Path::new("/proc"))?,
        other => {
            let file = put.and_then(|file| file.split_once('\n'));
            let (path, text) = file.with_context(|| format!("there is no sandbox {other}"))?;
            match what.starts_with(WITH_COPY) {
                true => put_copy(Path::new(path), Path::new(text))?,
                false => put_file(Path::new(path), text.as_bytes())?,
            }
        }
    }
    Ok(())
}

fn mount_new(kind: &str, place: &Path) -> Result<()> {
    // a folder of root's, as what it hides
    let options = (kind == "tmpfs").then_some("mode=755");
    mount(Some(kind), place, Some(kind), MsFlags::empty(), options)
        .with_context(|| format!("failed to mount {kind} at {}", place.display()))
}

/// Restricts the command to these capabilities.
fn keep(names: &str) -> Result<()> {
    let kept: Vec<Capability> = names
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    caps::clear(None, CapSet::Inheritable)?;
    let all = caps::read(None, CapSet::Bounding)?;
    for capability in all.into_iter().filter(|other| !kept.contains(other)) {
        caps::drop(None, CapSet::Bounding, capability)?;
    }
    Ok(())
}

fn put_copy(path: &Path, file: &Path) -> Result<()> {
    let read = fs::read(file).and_then(|bytes| Ok((bytes, fs::metadata(file)?)));
    let (bytes, metadata) = read.with_context(|| format!("failed to read {}", file.display()))?;
    put_file(path, &bytes)?;
    fs::set_permissions(path, metadata.permissions()).context("failed to set a file's mode")
}

fn put_file(path: &Path, text: &[u8]) -> Result<()> {
    let nothing = None::<&str>;
    if path.exists() {
        let file = tempfile::NamedTempFile::new().context("failed to create a file")?;
        fs::write(&file, text).context("failed to write a file")?;
        return mount(Some(file.path()), path, nothing, MsFlags::MS_BIND, nothing)
            .with_context(|| format!("failed to replace {}", path.display()));
    }
    let folder = path.ancestors().find(|folder| folder.is_dir());
    let folder = folder.context("a file in no folder")?;
    mount_new("tmpfs", folder)?;
    fs::create_dir_all(path.parent().unwrap_or(folder)).context("failed to create a folder")?;
    fs::write(path, text).context("failed to write a file")
}

fn refuse(what: &str) -> Result<()> {
    let numbers: Vec<u64> = what
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("no numbers")?;
    let [number, argument, value, errno] = numbers[..] else {
        bail!("a call, an argument, its value and an error")
    };
    let equal = SeccompCmpOp::Eq;
    let argument = u8::try_from(argument)?;
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, equal, value)?;
    let rule = SeccompRule::new(vec![condition])?;
    let filter = SeccompFilter::new(
        [(i64::try_from(number)?, vec![rule])].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(u32::try_from(errno)?),
        std::env::consts::ARCH.try_into()?,
    )?;
    let filter: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&filter).context("failed to refuse a system call")
}
