//! Settings of the kernel that limit BPF.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};

/// The lockdown mode, and the security modules; only where securityfs is mounted.
pub const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
const SECURITY_MODULES: &str = "/sys/kernel/security/lsm";

/// The first Linux that does not book BPF maps against the limit of locked memory.
pub const MEMLOCK_FREE_SINCE: (u32, u32) = (5, 11);

/// A setting by the name that sysctl(8) has for it, such as `kernel.perf_event_paranoid`; `None`
/// where this kernel has none, or /proc does not show it.
pub fn sysctl<N: FromStr>(name: &str) -> Option<N> {
    let file = Path::new("/proc/sys").join(name.replace('.', "/"));
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The lockdown mode of the kernel: `none`, `integrity` or `confidentiality`.
pub fn lockdown() -> Option<String> {
    let text = fs::read_to_string(LOCKDOWN).ok()?;
    chosen(&text).map(str::to_owned)
}

/// The security modules that are asked, in their order.
pub fn security_modules() -> Option<Vec<String>> {
    let text = fs::read_to_string(SECURITY_MODULES).ok()?;
    Some(text.trim().split(',').map(str::to_owned).collect())
}

/// The limit of locked memory of this process, in bytes; `None` for unlimited.
///
/// # Errors
///
/// The kernel does not say.
pub fn memlock() -> Result<Option<u64>> {
    let (limit, _) = getrlimit(Resource::RLIMIT_MEMLOCK)?;
    Ok((limit != RLIM_INFINITY).then_some(limit))
}

/// Bytes in a page of memory.
///
/// # Errors
///
/// The kernel names none.
pub fn page_size() -> Result<u64> {
    let size = sysconf(SysconfVar::PAGE_SIZE)?.context("the kernel names no page size")?;
    Ok(u64::try_from(size)?)
}

/// The word in brackets: `none [integrity] confidentiality`.
fn chosen(text: &str) -> Option<&str> {
    let (_, word) = text.split_once('[')?;
    Some(word.split_once(']')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lockdown_is_the_word_in_brackets() {
        assert_eq!(
            chosen("none [integrity] confidentiality\n"),
            Some("integrity")
        );
        assert_eq!(chosen("none\n"), None);
    }

    #[test]
    fn setting_has_the_name_that_sysctl_has() {
        assert!(sysctl::<u32>("kernel.pid_max").is_some_and(|most| most > 100));
        assert_eq!(sysctl::<u32>("kernel.no_such_setting"), None);
    }
}
