//! apt, and who else uses it: another task, or `unattended-upgrades`, which a fresh machine starts
//! with.
//!
//! apt has two locks. It can be made to wait for only one of them (`DPkg::Lock::Timeout`), and not
//! in all versions; but it always prints the reason when it gives up.

use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::Result;

use crate::out::hinted;
use crate::progress::{self, Ended};

/// How long to wait for other processes: longer than the upgrades of a fresh machine.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a command as [`progress::watch`] does. While another process has a lock of apt, repeats the
/// command until `deadline`; then returns an error that tells how to repeat the task.
pub fn watch(label: &str, mut command: Command, deadline: Instant) -> Result<Ended> {
    // its messages are parsed
    command.env("LC_ALL", "C");
    let mut locked = None;
    let ended = progress::watch_while(label, command, |ended| {
        locked = holder(&ended.output).filter(|_| !ended.status.success());
        let holder = locked.as_ref()?;
        (Instant::now() < deadline).then(|| format!("waiting for {holder}, which uses apt"))
    })?;
    let Some(holder) = locked else {
        return Ok(ended);
    };
    let task: Vec<_> = env::args().skip(1).collect();
    Err(hinted(
        format!("{label} failed: {holder} uses apt"),
        format!("when it has ended, repeat: cargo xtask {}", task.join(" ")),
    ))
}

/// The holder of a lock that apt could not get, from apt's English message.
fn holder(said: &str) -> Option<String> {
    let mut lines = said.lines();
    let locked = lines.find(|line| line.starts_with("E: Could not get lock "))?;
    let Some((_, process)) = locked.split_once(". It is held by process ") else {
        // before apt 2.0
        return Some("another process".to_owned());
    };
    let (pid, name) = process.split_once(' ').unwrap_or((process, ""));
    let name = match name.trim_matches(['(', ')']) {
        "" => fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default(),
        name => name.to_owned(),
    };
    Some(format!("{} (pid {pid})", name.trim()).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn who_has_the_lock_in_the_words_of_several_versions() {
        let own = process::id();
        let comm = fs::read_to_string("/proc/self/comm").expect("a name");
        let locks = [
            (
                "Reading package lists...\n\
                 E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)\n\
                 E: Unable to lock directory /var/lib/apt/lists/\n",
                "apt-get (pid 812)".to_owned(),
            ),
            (
                &format!("E: Could not get lock /var/lib/dpkg/lock. It is held by process {own}\n"),
                format!("{} (pid {own})", comm.trim()),
            ),
            (
                "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily \
                 unavailable)\n",
                "another process".to_owned(),
            ),
        ];
        for (said, expected) in locks {
            assert_eq!(holder(said), Some(expected), "{said}");
        }
        assert_eq!(
            holder("E: Could not open lock file x (13: Permission denied)"),
            None
        );
    }
}
