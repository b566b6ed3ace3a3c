//! The capabilities of this process.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use bpfapps_explain::{Code, Failure, list};
pub use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::geteuid;

use crate::hooks::tracefs;
use crate::{shell, users};

/// Each of them opens every file or every process, and a program file has its capabilities for
/// everybody who runs it.
const NOT_FOR_A_FILE: [Capability; 4] = [
    Capability::CAP_DAC_OVERRIDE,
    Capability::CAP_DAC_READ_SEARCH,
    Capability::CAP_SYS_ADMIN,
    Capability::CAP_SYS_PTRACE,
];

/// The capabilities in a set of this process; none if the kernel does not tell.
pub fn held(set: CapSet) -> CapsHashSet {
    caps::read(None, set).unwrap_or_default()
}

/// The capabilities of `wanted` that `held` lacks.
pub fn missing(wanted: &[Capability], held: &CapsHashSet) -> Vec<Capability> {
    // Before Linux 5.8 this was the only one, and it still includes the others.
    let all = held.contains(&Capability::CAP_SYS_ADMIN);
    let missing = wanted.iter().filter(|one| !all && !held.contains(one));
    missing.copied().collect()
}

/// Explains which capabilities of `wanted` this process lacks, and how to get them; `None` if it
/// has all. With `tracefs` it also must be able to read that.
///
/// # Errors
///
/// The kernel does not say what this process has.
pub fn lacking(wanted: &[Capability], tracefs: bool) -> Result<Option<Failure>> {
    let held = caps::read(None, CapSet::Effective).context("failed to read own capabilities")?;
    let missing = missing(wanted, &held);
    if missing.is_empty() {
        return Ok(None);
    }
    let mut hint = "run it with sudo".to_owned();
    if let Some(commands) = lend(wanted)? {
        let commands = commands.each_ref().map(|words| as_root(words)).join(" && ");
        let group = users::own_group();
        hint += &format!(", or lend it to the group {group}, once: {commands}");
        if tracefs && tracefs::find().is_err() {
            hint += &format!("; without root it also requires {}", tracefs::for_a_group());
        }
    }
    let failure = Failure::new(format!("missing {}", list(&missing)), hint);
    Ok(Some(failure.code(Code::MISSING_CAPABILITY)))
}

/// The commands with which root lends `wanted` to the caller's group: the program's file carries
/// the capabilities, and only that group may run it. `None` if it is too much to lend.
///
/// # Errors
///
/// The kernel does not say which file that is.
pub fn lend(wanted: &[Capability]) -> Result<Option<[Vec<OsString>; 3]>> {
    if wanted.iter().any(|one| NOT_FOR_A_FILE.contains(one)) {
        return Ok(None);
    }
    let program = env::current_exe().context("failed to find own program file")?;
    // keep the capabilities that the file has already
    let mut all = match geteuid().is_root() {
        true => CapsHashSet::new(),
        false => held(CapSet::Permitted),
    };
    all.extend(wanted);
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(ToString::to_string);
    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
    let all = all.join(",").to_lowercase();
    let group = users::own_group();
    // capabilities come last, because a change of group clears them
    let commands = [
        ["chgrp", &group],
        ["chmod", "750"],
        ["setcap", &format!("{all}+ep")],
    ];
    Ok(Some(commands.map(|words| {
        let words = words.iter().map(OsString::from);
        words.chain([program.clone().into()]).collect()
    })))
}

/// The program's own file, if it lends capabilities to every user.
pub fn lent_to_everybody() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let mode = fs::metadata(&program).ok()?.mode();
    let lends = xattr::get(&program, "security.capability").ok()?.is_some();
    (lends && mode & 0o001 != 0).then_some(program)
}

/// The command as root is to call it.
fn as_root(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(OsString::as_os_str).collect();
    format!("sudo {}", shell::command(&words))
}
