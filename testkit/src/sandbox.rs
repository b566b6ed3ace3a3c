//! Another machine, as far as a program can see: mounts that it does not have, rights that it lacks,
//! namespaces of its own.

mod inside;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use caps::Capability;
use nix::errno::Errno;

use crate::fixture::{FIXTURE, fixture};
use crate::{Process, cli, skip};

pub(crate) use inside::enter;

pub(crate) const NAME: &str = "sandbox";

const WITH_FILE: &str = "with-file\n";
const WITH_COPY: &str = "with-copy\n";
const REFUSING: &str = "refusing ";
const WITH_ONLY: &str = "with-only ";

/// `command` on a machine where tracefs is not mounted.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn without_tracefs(command: &Command) -> Result<Command> {
    wrap("without-tracefs", command)
}

/// `command` on a machine where tracefs is mounted.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn with_tracefs(command: &Command) -> Result<Command> {
    wrap("with-tracefs", command)
}

/// `command` without any capability, though as root.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn without_capabilities(command: &Command) -> Result<Command> {
    wrap("without-capabilities", command)
}

/// `command` as root with no other capabilities than these.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn with_only(capabilities: &[Capability], command: &Command) -> Result<Command> {
    let names: Vec<_> = capabilities.iter().map(Capability::to_string).collect();
    wrap(&format!("{WITH_ONLY}{}", names.join(" ")), command)
}

/// `command` as the ordinary user with the number 65534, who is in no other group.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn as_nobody(command: &Command) -> Result<Command> {
    wrap("as-nobody", command)
}

/// `command` as the first process of a PID namespace with its own /proc. The returned command waits
/// for it, and ends with its exit code.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn in_pid_namespace(command: &Command) -> Result<Command> {
    wrap("in-pid-namespace", command)
}

/// Has an app filter by a process in a PID namespace: `app` with its `--pid`, which shows one row.
/// The process is a shell in which `work` loops.
///
/// # Errors
///
/// The column PID of that row is not the number that the process has there.
pub fn filters_in_pid_namespace(app: &[&str], work: &str) -> Result<()> {
    let script = format!("{work} & p=$!; \"$@\" --pid $p; kill $p; echo $p");
    let app = cli(app.iter().copied());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]);
    shell.arg(app.get_program()).args(app.get_args());
    let exit = Process::run(&mut in_pid_namespace(&shell)?)?.expect_code(0)?;
    let [title, row, pid] = exit.stdout.as_slice() else {
        bail!("not one row: {exit:#?}");
    };
    let column = title.split_whitespace().position(|title| title == "PID");
    let shown = row.split_whitespace().nth(column.context("no column PID")?);
    ensure!(shown == Some(pid), "{exit:#?}");
    Ok(())
}

/// `command` in a time namespace where the machine booted a day earlier; skips the test on a kernel
/// without them.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn in_time_namespace(command: &Command) -> Result<Command> {
    if !Path::new("/proc/self/timens_offsets").exists() {
        skip("this kernel is built without CONFIG_TIME_NS")?;
    }
    wrap("in-time-namespace", command)
}

/// `command` as root of a user namespace, with all capabilities there and none outside; skips the
/// test on a machine where that can't be.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn in_user_namespace(command: &Command) -> Result<Command> {
    let wrapped = |command: &Command| wrap("in-user-namespace", command);
    if Process::run(&mut wrapped(&Command::new("true"))?)?.code != Some(0) {
        skip("no user namespace can be made here, as in a chroot")?;
    }
    wrapped(command)
}

/// `command` on a machine whose kernel shows no BTF.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn without_btf(command: &Command) -> Result<Command> {
    wrap("without-btf", command)
}

/// `command` on a machine whose kernel says that it is an old one.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn on_linux_5_6(command: &Command) -> Result<Command> {
    with_file("/proc/sys/kernel/osrelease", "5.6.0-sandbox\n", command)
}

/// `command` on a machine where the file `path` has that text. If the file does not exist here, the
/// nearest existing folder above it contains nothing else.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn with_file(path: &str, text: &str, command: &Command) -> Result<Command> {
    wrap(&format!("{WITH_FILE}{path}\n{text}"), command)
}

/// The same, where the file at `path` is a copy of `file`, also in its mode.
///
/// # Errors
///
/// Those of [`fixture`].
pub fn with_copy(path: &str, file: &Path, command: &Command) -> Result<Command> {
    let file = file.display();
    wrap(&format!("{WITH_COPY}{path}\n{file}"), command)
}

/// A system call with a given value of one argument.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The number, as in `libc::SYS_bpf`.
    pub number: i64,
    /// The index of the argument, from 0.
    pub argument: u8,
    /// Its value.
    pub value: u64,
}

/// `command` on a kernel that refuses that system call.
///
/// # Errors
///
/// Those of [`fixture`].
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

/// The fixture that changes its machine as `what` says and then becomes `command`, with its
/// environment and folder.
fn wrap(what: &str, command: &Command) -> Result<Command> {
    let mut wrapped = fixture(NAME)?;
    // the command may be a fixture itself
    let mut inner = None;
    for (name, value) in command.get_envs() {
        match value {
            _ if name == FIXTURE => inner = value,
            Some(value) => drop(wrapped.env(name, value)),
            None => drop(wrapped.env_remove(name)),
        }
    }
    if let Some(folder) = command.get_current_dir() {
        wrapped.current_dir(folder);
    }
    wrapped
        .arg(what)
        .arg(inner.unwrap_or_default())
        .arg(command.get_program())
        .args(command.get_args());
    Ok(wrapped)
}
