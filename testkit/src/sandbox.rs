//! Another machine, as far as a program can see: mounts that it does not have, rights that it lacks.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use caps::{CapSet, Capability};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::harness::{FIXTURE, fixture};

pub(crate) const NAME: &str = "sandbox";

const WITH_FILE: &str = "with-file\n";
const REFUSING: &str = "refusing ";
const WITH_ONLY: &str = "with-only ";

/// Every place where tracefs may be.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug"];

/// `command` on a machine where tracefs is not mounted.
///
/// # Errors
///
/// As [`fixture`].
pub fn without_tracefs(command: &Command) -> Result<Command> {
    wrap("without-tracefs", command)
}

/// `command` on a machine where tracefs is mounted.
///
/// # Errors
///
/// As [`fixture`].
pub fn with_tracefs(command: &Command) -> Result<Command> {
    wrap("with-tracefs", command)
}

/// `command` without any capability, though as root.
///
/// # Errors
///
/// As [`fixture`].
pub fn without_capabilities(command: &Command) -> Result<Command> {
    wrap("without-capabilities", command)
}

/// `command` as root with no other capabilities than these.
///
/// # Errors
///
/// As [`fixture`].
pub fn with_only(capabilities: &[Capability], command: &Command) -> Result<Command> {
    let names: Vec<_> = capabilities.iter().map(Capability::to_string).collect();
    wrap(&format!("{WITH_ONLY}{}", names.join(" ")), command)
}

/// `command` on a machine whose kernel shows no BTF.
///
/// # Errors
///
/// As [`fixture`].
pub fn without_btf(command: &Command) -> Result<Command> {
    wrap("without-btf", command)
}

/// `command` on a machine whose kernel says that it is an old one.
///
/// # Errors
///
/// As [`fixture`].
pub fn on_linux_5_6(command: &Command) -> Result<Command> {
    with_file("/proc/sys/kernel/osrelease", "5.6.0-sandbox\n", command)
}

/// `command` on a machine where the file `path` has that text. Where it does not exist here, the
/// nearest folder above it holds nothing else.
///
/// # Errors
///
/// As [`fixture`].
pub fn with_file(path: &str, text: &str, command: &Command) -> Result<Command> {
    wrap(&format!("{WITH_FILE}{path}\n{text}"), command)
}

/// A system call by what tells it from others: an argument, counted from 0, and its value.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// As in `libc::SYS_bpf`.
    pub number: i64,
    /// Which argument to look at.
    pub argument: u8,
    /// Its value.
    pub value: u64,
}

/// `command` on a kernel that refuses that system call.
///
/// # Errors
///
/// As [`fixture`].
pub fn refusing(call: Call, errno: Errno, command: &Command) -> Result<Command> {
    let Call {
        number,
        argument,
        value,
    } = call;
    let errno = errno as i32;
    wrap(
        &format!("{REFUSING}{number} {argument} {value} {errno}"),
        command,
    )
}

fn wrap(what: &str, command: &Command) -> Result<Command> {
    let mut wrapped = fixture(NAME)?;
    // the command may be a fixture itself
    let inner = command
        .get_envs()
        .find(|(name, _)| *name == FIXTURE)
        .and_then(|(_, name)| name);
    wrapped
        .arg(what)
        .arg(inner.unwrap_or_default())
        .arg(command.get_program())
        .args(command.get_args());
    Ok(wrapped)
}

/// Wherever it is mounted, and as often as it is.
fn unmount_tracefs() {
    for place in TRACEFS {
        while umount2(place, MntFlags::MNT_DETACH).is_ok() {}
    }
}

/// Changes the mounts and rights of this process, and becomes the command.
pub(crate) fn enter(args: &[String]) -> Result<()> {
    let [what, inner, program, args @ ..] = args else {
        bail!("what to change, and a command")
    };
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS).context("failed to unshare mounts")?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    // in a chroot / is no mount, but what most sandboxes change is below these
    let below = ["/sys", "/proc"].as_slice();
    let file = what.strip_prefix(WITH_FILE).map(Path::new);
    let places = match file {
        Some(file) if !below.iter().any(|place| file.starts_with(place)) => &["/"],
        _ => below,
    };
    for place in places {
        mount(nothing, *place, nothing, private, nothing)
            .with_context(|| format!("failed to make {place} private"))?;
    }
    match what.as_str() {
        "without-tracefs" => unmount_tracefs(),
        "with-tracefs" => {
            // it can not be mounted over itself
            unmount_tracefs();
            mount(
                Some("tracefs"),
                TRACEFS[0],
                Some("tracefs"),
                MsFlags::empty(),
                nothing,
            )
            .context("failed to mount tracefs")?;
        }
        // exec gives root what the bounding set allows
        "without-capabilities" => {
            caps::clear(None, CapSet::Inheritable)
                .and_then(|()| caps::clear(None, CapSet::Bounding))
                .context("failed to give up capabilities")?;
        }
        "without-btf" => {
            mount(
                Some("tmpfs"),
                "/sys/kernel/btf",
                Some("tmpfs"),
                MsFlags::empty(),
                nothing,
            )
            .context("failed to hide BTF")?;
        }
        other if other.starts_with(WITH_ONLY) => keep(&other[WITH_ONLY.len()..])?,
        other if other.starts_with(REFUSING) => refuse(&other[REFUSING.len()..])?,
        other => {
            let file = other.strip_prefix(WITH_FILE);
            let file = file.and_then(|file| file.split_once('\n'));
            let (path, text) = file.with_context(|| format!("there is no sandbox {other}"))?;
            put_file(Path::new(path), text)?;
        }
    }
    let mut command = Command::new(program);
    match inner.is_empty() {
        true => command.env_remove(FIXTURE),
        false => command.env(FIXTURE, inner),
    };
    let err = command.args(args).exec();
    Err(err).with_context(|| format!("failed to run {program}"))
}

/// Leaves only these capabilities to what is run.
fn keep(names: &str) -> Result<()> {
    let kept: Vec<Capability> = names.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    caps::clear(None, CapSet::Inheritable)?;
    let all = caps::read(None, CapSet::Bounding)?;
    for capability in all.into_iter().filter(|other| !kept.contains(other)) {
        caps::drop(None, CapSet::Bounding, capability)?;
    }
    Ok(())
}

fn put_file(path: &Path, text: &str) -> Result<()> {
    let nothing = None::<&str>;
    if path.exists() {
        let file = tempfile::NamedTempFile::new().context("failed to create a file")?;
        fs::write(&file, text).context("failed to write a file")?;
        return mount(Some(file.path()), path, nothing, MsFlags::MS_BIND, nothing)
            .with_context(|| format!("failed to replace {}", path.display()));
    }
    let folder = path.ancestors().find(|folder| folder.is_dir());
    let folder = folder.context("a file in no folder")?;
    mount(
        Some("tmpfs"),
        folder,
        Some("tmpfs"),
        MsFlags::empty(),
        nothing,
    )
    .with_context(|| format!("failed to hide {}", folder.display()))?;
    fs::create_dir_all(path.parent().unwrap_or(folder)).context("failed to create a folder")?;
    fs::write(path, text).context("failed to write a file")
}

fn refuse(what: &str) -> Result<()> {
    let numbers: Vec<u64> = what
        .split(' ')
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
