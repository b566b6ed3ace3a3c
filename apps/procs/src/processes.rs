//! Processes by number, as /proc shows them.

use std::fs;

use bpfapps_core::{Context, Result};

/// A task that has begun to exit (include/linux/sched.h).
const PF_EXITING: u32 = 0x4;

/// All processes, each with its parent, as they are looked at.
pub(crate) fn all() -> Result<impl Iterator<Item = (u32, u32)>> {
    let entries = fs::read_dir("/proc").context("failed to read /proc")?;
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    // one that has gone meanwhile has no parent any more
    Ok(pids.filter_map(|pid| {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, Stat::parse(&stat)?.parent))
    }))
}

/// True if a thread of the process has not begun to exit.
pub(crate) fn is_running(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    threads.into_iter().flatten().flatten().any(|thread| {
        let stat = fs::read(thread.path().join("stat"));
        stat.ok()
            .and_then(|stat| Stat::parse(&stat))
            .is_some_and(|stat| stat.flags & PF_EXITING == 0)
    })
}

/// The fields of /proc/PID/stat that decide something.
#[derive(Debug, PartialEq)]
struct Stat {
    parent: u32,
    flags: u32,
}

impl Stat {
    /// The name before the numbers is in parentheses, and may contain any byte.
    fn parse(stat: &[u8]) -> Option<Self> {
        let end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
        // after the state: parent, group, session, terminal, its group, flags
        let mut fields = rest.split_ascii_whitespace().skip(1);
        Some(Self {
            parent: fields.next()?.parse().ok()?,
            flags: fields.nth(4)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_behind_a_name_of_any_bytes() {
        let stat = |parent, flags| Some(Stat { parent, flags });
        assert_eq!(
            Stat::parse(b"7 (sh) S 5 7 7 0 -1 4194560 9"),
            stat(5, 0x40_0100)
        );
        assert_eq!(
            Stat::parse(b"7 (a) S 9 \xff(b)) Z 5 7 7 0 -1 12 9"),
            stat(5, 12)
        );
        assert_eq!(Stat::parse(b"7 sh"), None);
        assert_eq!(Stat::parse(b"7 (sh) S 5 7"), None);
    }

    #[test]
    fn own_process_is_running() {
        assert!(is_running(std::process::id()));
        assert!(!is_running(u32::MAX));
    }
}
