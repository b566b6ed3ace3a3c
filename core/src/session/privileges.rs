//! What a process needs no more once its programs are attached.

use anyhow::{Context, Result};
use bpfapps_host::capabilities::{CapSet, Capability, CapsHashSet};
use bpfapps_host::{namespaces, users};
use nix::sys::prctl::{set_keepcaps, set_no_new_privs};
use nix::unistd::{Gid, Uid, getuid, setgroups, setresgid, setresuid};

/// The user whom nothing belongs to, and that user's group.
const NOBODY: u32 = 65534;

/// Gives up all capabilities but `keeps`, root's account, and the ways to regain them. Where root
/// runs a command of its own, that is still to be signalled.
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
        // all that is effective has to be permitted
        .and_then(|()| caps::clear(None, CapSet::Effective))
        .and_then(|()| caps::set(None, CapSet::Permitted, &kept))
        .and_then(|()| caps::set(None, CapSet::Effective, &kept))
        .context("failed to give up capabilities")?;
    set_no_new_privs().context("failed to set no_new_privs")
}

/// Whose account root goes on with: that of who called sudo, or nobody's. `None` where this is not
/// root, or root who may not change that, as in a container that takes the right away.
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

    /// The C library does that in all threads, and the kernel takes all capabilities from them, but
    /// here.
    fn switch(self) -> nix::Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        set_keepcaps(true)?;
        setgroups(&[])?;
        setresgid(gid, gid, gid)?;
        setresuid(uid, uid, uid)?;
        set_keepcaps(false)
    }
}
