use std::env;

use anyhow::{Context, Result};
use bpfapps_explain::Code;
use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

use crate::{Failure, Needs};

/// Whether the kernel will accept the app's programs, before it answers with a bare EPERM.
///
/// # Errors
///
/// Names each capability that is missing, and the command that grants it.
pub(crate) fn check(needs: &Needs) -> Result<()> {
    match lacking(needs.capabilities)? {
        None => Ok(()),
        Some((message, hint)) => Err(Failure::new(message, hint)
            .code(Code::MISSING_CAPABILITY)
            .into()),
    }
}

/// What this process lacks of `capabilities`, and what gives them to it.
pub(crate) fn lacking(capabilities: &[Capability]) -> Result<Option<(String, String)>> {
    let held = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    // Before Linux 5.8 there was only this one, and it still stands for the others.
    if held.contains(&Capability::CAP_SYS_ADMIN) {
        return Ok(None);
    }
    let names = |wanted: &mut dyn Iterator<Item = &Capability>, separator: &str| {
        wanted
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(separator)
    };
    let missing = names(
        &mut capabilities.iter().filter(|wanted| !held.contains(wanted)),
        " and ",
    );
    if missing.is_empty() {
        return Ok(None);
    }
    let all = names(&mut capabilities.iter(), ",").to_lowercase();
    let program = env::current_exe().context("failed to find own program file")?;
    Ok(Some((
        format!("missing {missing}"),
        format!(
            "run it with sudo, or once: sudo setcap {all}+ep {}",
            program.display()
        ),
    )))
}

/// Gives up all capabilities but `keeps`, and the ways to regain them.
pub(crate) fn give_up(keeps: &[Capability]) -> Result<()> {
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
