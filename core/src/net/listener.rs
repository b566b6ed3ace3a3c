//! The sockets that listen on a port, of any process.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bpfapps_explain::Failure;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// The state of a listening socket in the lists of sockets (TCP_LISTEN).
const LISTEN: &str = "0A";

/// The lists of TCP sockets, and whether they are for IPv6.
const LISTS: [(bool, &str); 2] = [(false, "/proc/self/net/tcp"), (true, "/proc/self/net/tcp6")];

/// The sockets of any process in this network namespace that listen on a TCP port, each with whether
/// it is for IPv6. A socket for IPv6 alone is returned for IPv4, too: most serve both.
///
/// # Errors
///
/// No process listens on the port, or its socket cannot be duplicated: for another user's process
/// that requires CAP_SYS_PTRACE.
pub fn listeners(port: u16) -> Result<Vec<(bool, OwnedFd)>> {
    let mut found = Vec::new();
    for (is_ipv6, list) in LISTS {
        // a kernel without IPv6 has no list of its sockets
        let text = fs::read_to_string(list).unwrap_or_default();
        if let Some(inode) = text.lines().find_map(|line| inode_of_listener(line, port)) {
            found.push((is_ipv6, take(inode)?));
        }
    }
    if let [(true, socket)] = &found[..] {
        let socket = socket.try_clone().context("failed to duplicate a socket")?;
        found.push((false, socket));
    }
    if found.is_empty() {
        bail!(Failure::new(
            format!("no process listens on port {port}"),
            "ss -ltn shows the ports of this network namespace that have a listener",
        ));
    }
    Ok(found)
}

/// The inode of the socket in a line of /proc/net/tcp, if it listens on `port`.
fn inode_of_listener(line: &str, port: u16) -> Option<u64> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (_, local_port) = words.get(1)?.rsplit_once(':')?;
    let listens = *words.get(3)? == LISTEN && u16::from_str_radix(local_port, 16) == Ok(port);
    listens.then(|| words.get(9)?.parse().ok())?
}

/// A descriptor of our own for a socket, which some process has open.
fn take(inode: u64) -> Result<OwnedFd> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").context("failed to list /proc")?;
    for process in processes.flatten() {
        let pid = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        let fds = fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten();
        let is_wanted =
            |path: &Path| fs::read_link(path).is_ok_and(|to| to.as_os_str() == &*wanted);
        let Some(fd) = fds.flatten().find(|fd| is_wanted(&fd.path())) else {
            continue;
        };
        let number = fd.file_name().to_string_lossy().parse();
        let process = pidfd_open(pid, PidfdFlags::empty()).context("the process has gone")?;
        return pidfd_getfd(process, number?, PidfdGetfdFlags::empty())
            .context("failed to get the socket of another process");
    }
    bail!(Failure::new(
        "the listening process is not visible",
        "run it with sudo; a process in another container may be out of sight",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listener_has_an_inode() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     \
                    0        0 123456 1 0000000000000000 100 0 0 10 0";
        assert_eq!(inode_of_listener(line, 8080), Some(123_456));
        assert_eq!(inode_of_listener(line, 8081), None);
        assert_eq!(inode_of_listener(&line.replace(" 0A ", " 01 "), 8080), None);
        assert_eq!(
            inode_of_listener("  sl  local_address rem_address", 8080),
            None
        );
    }
}
