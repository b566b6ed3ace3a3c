//! The capabilities of this process.

use std::env;

use anyhow::{Context, Result};
use bpfapps_explain::{Code, Failure};
pub use caps::{CapSet, Capability, CapsHashSet};

/// Each of them opens every file or every process, and a program file has its capabilities for
/// everybody who runs it.
const NOT_FOR_A_FILE: [Capability; 4] = [
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_DAC_READ_SEARCH,
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SYS_PTRACE,
];

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
    let hint = match setcap(wanted)? {
        Some(words) => format!("run it with sudo, or once: sudo {}", words.join(" ")),
        None => "run it with sudo".to_owned(),
    };
    let failure = Failure::new(format!("missing {}", names(&missing, " and ")), hint);
    Ok(Some(failure.code(Code::MISSING_CAPABILITY)))
}

/// The words of the command that gives own program file what is `wanted`; `None` where that is not for
/// everybody who runs it.
///
/// # Errors
///
/// The kernel does not say which file that is.
pub fn setcap(wanted: &[Capability]) -> Result<Option<[String; 3]>> {
    if wanted.iter().any(|one| NOT_FOR_A_FILE.contains(one)) {
        return Ok(None);
    }
    let program = env::current_exe().context("failed to find own program file")?;
    let all = names(wanted, ",").to_lowercase();
    Ok(Some([
        "setcap".to_owned(),
        format!("{all}+ep"),
        program.display().to_string(),
    ]))
}

fn names(capabilities: &[Capability], separator: &str) -> String {
    let names: Vec<_> = capabilities.iter().map(ToString::to_string).collect();
    names.join(separator)
}
