//! Gives up what a process no longer needs after its programs are attached.

use anyhow::{Context, Result};
use bpfapps_host::capabilities::{CapSet, Capability, CapsHashSet};
use bpfapps_host::{namespaces, users};
use nix::sys::prctl::{set_keepcaps, set_no_new_privs};
use nix::unistd::{
    Gid, Uid, getegid, geteuid, getuid, setfsgid, setfsuid, setgroups, setresgid, setresuid,
};

/// The user whom nothing belongs to, and that user's group.
const NOBODY: u32 = 65534;

/// Gives up all capabilities except `keeps`, root's account, and every way to regain them. A
/// command that root runs must remain within reach of signals.
pub(super) fn give_up(keeps: &[Capability], has_command: bool) -> Result<()> {
    let held = caps::read(None, CapSet::Permitted).context("failed to read own capabilities")?;
    let account = account(&held, has_command);
    let mut kept: CapsHashSet = keeps.iter().copied().collect();
    if has_command && account == Some(Account::NOBODY) {
        kept.insert(Capability::CAP_KILL);
    }
    kept.retain(|keep| held.contains(keep));
    if held.contains(&Capability::CAP_SETPCAP) {
        for capability in caps::read(None, CapSet::Bounding)?.difference(&kept) {
            caps::drop(None, CapSet::Bounding, *capability)?;
        }
    }
    if let Some(account) = account {
        account
            .switch()
            .context("failed to give up root's account")?;
    }
    caps::clear(None, CapSet::Ambient)
        .and_then(|()| caps::clear(None, CapSet::Inheritable))
        // an effective capability must be permitted
        .and_then(|()| caps::clear(None, CapSet::Effective))
        .and_then(|()| caps::set(None, CapSet::Permitted, &kept))
        .and_then(|()| caps::set(None, CapSet::Effective, &kept))
        .context("failed to give up capabilities")?;
    set_no_new_privs().context("failed to set no_new_privs")
}

/// Calls `action` with the rights to files that [`give_up`] will leave, and the number of the user
/// who will have them. What it opens is that user's, and what it may not do fails now, not later.
pub(super) fn act_as_left<T>(action: impl FnOnce(u32) -> T) -> Result<T> {
    let held = caps::read(None, CapSet::Permitted).context("failed to read own capabilities")?;
    let own = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    let account = account(&held, false);
    if let Some(Account { uid, gid }) = account {
        setfsgid(Gid::from_raw(gid));
        setfsuid(Uid::from_raw(uid));
    }
    let cleared = caps::clear(None, CapSet::Effective);
    let user = account.map_or_else(|| geteuid().as_raw(), |account| account.uid);
    let done = cleared.map(|()| action(user));
    if account.is_some() {
        setfsuid(geteuid());
        setfsgid(getegid());
    }
    caps::set(None, CapSet::Effective, &own).context("failed to change own capabilities")?;
    done.context("failed to change own capabilities")
}

/// The account that root continues with: that of the caller of sudo, or nobody's. `None` if this is
/// not root, or root may not change its account, as in some containers.
fn account(held: &CapsHashSet, has_command: bool) -> Option<Account> {
    use Capability::{CAP_KILL, CAP_SETGID, CAP_SETUID};
    let may = [CAP_SETUID, CAP_SETGID].iter().all(|it| held.contains(it));
    let is_root = getuid().is_root() && namespaces::is_initial("user") != Some(false);
    let account = match users::sudo_caller() {
        Ok(Some(user)) => Account {
            uid: user.uid,
            gid: user.gid,
        },
        _ => Account::NOBODY,
    };
    let can_signal = !has_command || account != Account::NOBODY || held.contains(&CAP_KILL);
    (is_root && may && can_signal).then_some(account)
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    const NOBODY: Self = Self {
        uid: NOBODY,
        gid: NOBODY,
    };

    /// The C library changes all threads. The kernel then clears their capabilities, except in this
    /// thread.
    fn switch(self) -> nix::Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        set_keepcaps(true)?;
        setgroups(&[])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
        set_keepcaps(false)
    }
}
