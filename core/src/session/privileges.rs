use anyhow::{Context, Result};
use bpfapps_host::capabilities::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

/// Gives up all capabilities but `keeps`, and the ways to regain them.
pub(super) fn give_up(keeps: &[Capability]) -> Result<()> {
    let held = caps::read(None, CapSet::Permitted).context("failed to read own capabilities")?;
    let kept: CapsHashSet = keeps
        .iter()
        .copied()
        .filter(|keep| held.contains(keep))
        .collect();
    if held.contains(&Capability::CAP_SETPCAP) {
        for capability in caps::read(None, CapSet::Bounding)?.difference(&kept) {
            caps::drop(None, CapSet::Bounding, *capability)?;
        }
    }
    caps::clear(None, CapSet::Ambient)
        .and_then(|()| caps::clear(None, CapSet::Inheritable))
        .and_then(|()| caps::set(None, CapSet::Effective, &kept))
        .and_then(|()| caps::set(None, CapSet::Permitted, &kept))
        .context("failed to give up capabilities")?;
    set_no_new_privs().context("failed to set no_new_privs")
}
