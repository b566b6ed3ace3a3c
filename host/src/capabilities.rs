//! The capabilities of this process.

use std::env;

use anyhow::{Context, Result};
use bpfapps_explain::{Code, Failure};
pub use caps::{CapSet, Capability, CapsHashSet};

/// Those in one of its sets; none where the kernel does not say.
pub fn held(set: CapSet) -> CapsHashSet {
    caps::read(None, set).unwrap_or_default()
}

/// Those of `wanted` that are not in `held`.
pub fn missing(wanted: &[Capability], held: &CapsHashSet) -> Vec<Capability> {
    // Before Linux 5.8 there was only this one, and it still stands for the others.
    let all = held.contains(&Capability::CAP_SYS_ADMIN);
    let missing = wanted.iter().filter(|one| !all && !held.contains(one));
    missing.copied().collect()
}

/// What this process lacks of `wanted`, and what gives that to it; `None` where it has them all.
///
/// # Errors
///
/// The kernel does not say what this process has.
pub fn lacking(wanted: &[Capability]) -> Result<Option<Failure>> {
    let held = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    let missing = missing(wanted, &held);
    if missing.is_empty() {
        return Ok(None);
    }
    let all = names(wanted, ",").to_lowercase();
    let program = env::current_exe().context("failed to find own program file")?;
    let failure = Failure::new(
        format!("missing {}", names(&missing, " and ")),
        format!(
            "run it with sudo, or once: sudo setcap {all}+ep {}",
            program.display()
        ),
    );
    Ok(Some(failure.code(Code::MISSING_CAPABILITY)))
}

fn names(capabilities: &[Capability], separator: &str) -> String {
    let names: Vec<_> = capabilities.iter().map(ToString::to_string).collect();
    names.join(separator)
}
