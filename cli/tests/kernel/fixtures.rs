use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_testkit::{Fixture, fixture};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, getgid, getuid, setgid, setgroups, setuid};

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(as_nobody), fixture!(in_user_namespace)];

fn become_command(args: &[String]) -> Result<()> {
    let (program, args) = args.split_first().context("a command")?;
    Err(Command::new(program).args(args).exec()).with_context(|| format!("failed to run {program}"))
}

/// `as_nobody COMMAND…`
pub(crate) fn as_nobody(args: &[String]) -> Result<()> {
    setgroups(&[])?;
    setgid(Gid::from_raw(65534))?;
    setuid(Uid::from_raw(65534))?;
    become_command(args)
}

/// `in_user_namespace COMMAND…`: as its root, with all capabilities that it has.
pub(crate) fn in_user_namespace(args: &[String]) -> Result<()> {
    let (user, group) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER).context("no user namespace")?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    become_command(args)
}
