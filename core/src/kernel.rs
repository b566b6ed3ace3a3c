//! The running kernel.

use anyhow::{Context, Result};
use nix::unistd::{SysconfVar, sysconf};

use crate::clock::Clock;

const RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Version and patch level of the running kernel: `(6, 12)`.
///
/// # Errors
///
/// /proc is not mounted, or the release starts with no version.
pub fn version() -> Result<(u32, u32)> {
    let release =
        std::fs::read_to_string(RELEASE).with_context(|| format!("failed to read {RELEASE}"))?;
    parse(&release).with_context(|| format!("{RELEASE} names no version: {release}"))
}

/// The time now, in nanoseconds since boot: what `bpf_ktime_get_boot_ns` tells BPF code.
///
/// # Errors
///
/// The kernel has no boot clock.
pub fn boot_time() -> Result<u64> {
    Clock::now()
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

/// The first two numbers of a release such as `6.1.0-56-cloud-amd64`, or of a version such as `5.8`.
pub fn parse(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_the_start_of_the_release() {
        assert_eq!(parse("6.1.0-56-cloud-amd64"), Some((6, 1)));
        assert_eq!(parse("7.2-rc1"), Some((7, 2)));
        assert_eq!(parse("5.8"), Some((5, 8)));
        assert_eq!(parse("linux"), None);
    }
}
