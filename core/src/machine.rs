//! What the machine says of itself: settings of the kernel, and what runs on what.

use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use libbpf_rs::libbpf_sys::bpf_map_create_opts;
use libbpf_rs::{MapHandle, MapType};
use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

use crate::{Result, refusal};

/// The lockdown mode, and the security modules; only where securityfs is mounted.
pub const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
const SECURITY_MODULES: &str = "/sys/kernel/security/lsm";

/// A setting by the name that sysctl(8) has for it, such as `kernel.perf_event_paranoid`; `None`
/// where this kernel has none, or /proc does not show it.
pub fn sysctl<N: FromStr>(name: &str) -> Option<N> {
    let file = Path::new("/proc/sys").join(name.replace('.', "/"));
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Whether the kernel is locked down: `none`, `integrity` or `confidentiality`.
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

/// Has the kernel make a map, the least that BPF can do, and throws it away.
///
/// # Errors
///
/// The kernel's answer.
pub fn make_map() -> Result<(), Errno> {
    crate::memlock::raise();
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as u64,
        ..Default::default()
    };
    let made = MapHandle::create(MapType::Array, Some("doctor"), 4, 4, 1, &options);
    made.map(drop)
        .map_err(|err| refusal::errno(&err.into()).unwrap_or(Errno::UnknownErrno))
}

/// The container that this process is in, as far as anything shows it.
pub fn container() -> Option<String> {
    let named = |file: &str| fs::read_to_string(file).ok();
    if let Some(name) = named("/run/systemd/container") {
        return Some(name.trim().to_owned());
    }
    let marks = [
        ("/.dockerenv", "docker"),
        ("/run/.containerenv", "podman"),
        ("/dev/.lxc-boot-id", "lxc"),
    ];
    if let Some((_, name)) = marks.iter().find(|(file, _)| Path::new(file).exists()) {
        return Some((*name).to_owned());
    }
    let groups = named("/proc/1/cgroup").unwrap_or_default();
    ["kubepods", "docker", "lxc", "libpod"]
        .into_iter()
        .find(|name| groups.contains(name))
        .map(str::to_owned)
}

/// Whether this process is in the namespace of that kind that the machine began with; `None` where
/// that does not show.
pub fn is_initial_namespace(kind: &str) -> Option<bool> {
    // include/linux/proc_ns.h: the same on every machine
    let initial = match kind {
        "user" => Some("user:[4026531837]"),
        "pid" => Some("pid:[4026531836]"),
        _ => None,
    };
    let link = |process: &str| -> io::Result<String> {
        let link = fs::read_link(format!("/proc/{process}/ns/{kind}"))?;
        Ok(link.to_string_lossy().into_owned())
    };
    let own = link("self").ok()?;
    match initial {
        Some(initial) => Some(own == initial),
        None => Some(own == link("1").ok()?),
    }
}

/// Whether system calls of this process are filtered, as containers do.
pub fn is_filtered() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line == "Seccomp:\t2")
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
