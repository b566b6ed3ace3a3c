use std::env;

use anyhow::{Context, Result};
use caps::{CapSet, Capability};

use crate::{Failure, Needs};

/// Whether the kernel will accept the app's programs, before it answers with a bare EPERM.
///
/// # Errors
///
/// Names each capability that is missing, and the command that grants it.
pub(crate) fn check(needs: &Needs) -> Result<()> {
    let held = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    // Before Linux 5.8 there was only this one, and it still stands for the others.
    if held.contains(&Capability::CAP_SYS_ADMIN) {
        return Ok(());
    }
    let names = |wanted: &mut dyn Iterator<Item = &Capability>, separator: &str| {
        wanted
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(separator)
    };
    let missing = names(
        &mut needs
            .capabilities
            .iter()
            .filter(|wanted| !held.contains(wanted)),
        " and ",
    );
    if missing.is_empty() {
        return Ok(());
    }
    let all = names(&mut needs.capabilities.iter(), ",").to_lowercase();
    let program = env::current_exe().context("failed to find own program file")?;
    Err(Failure::new(
        format!("missing {missing}"),
        format!(
            "run it with sudo, or once: sudo setcap {all}+ep {}",
            program.display()
        ),
    )
    .into())
}
