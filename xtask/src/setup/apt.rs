//! Who else uses apt: another setup, or `unattended-upgrades`, which a fresh machine starts with.
//!
//! apt has two locks. Only for one of them can it be told to wait (`DPkg::Lock::Timeout`), and
//! not in all versions; but it always says why it gave up.

use std::fs;

/// Who has a lock that apt could not get, by what apt has said in English.
pub(super) fn holder(said: &str) -> Option<String> {
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
