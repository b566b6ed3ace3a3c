//! What the kernel says of a BPF program in /proc: to everybody who had it opened in time.

use std::fs::{self, File};
#[cfg(feature = "metrics")]
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt as _;

/// Runs that the kernel skipped, since Linux 5.12.
pub(crate) const SKIPPED: &str = "recursion_misses:";

/// A BPF program's file in /proc/self/fdinfo. It stays readable when privileges are gone.
#[derive(Debug)]
pub(crate) struct ProgramInfo(File);

impl ProgramInfo {
    /// Those of all programs that this process has loaded now.
    pub(crate) fn of_this_process() -> Vec<Self> {
        let files = fs::read_dir("/proc/self/fdinfo").into_iter().flatten();
        let files = files.filter_map(|entry| File::open(entry.ok()?.path()).ok());
        let programs = files.map(Self);
        programs
            .filter(|program| program.count(SKIPPED).is_some())
            .collect()
    }

    /// That of one program.
    #[cfg(feature = "metrics")]
    pub(crate) fn of(program: RawFd) -> Option<Self> {
        let file = File::open(format!("/proc/self/fdinfo/{program}"));
        file.ok().map(Self)
    }

    /// The count in the line that starts so.
    pub(crate) fn count(&self, line: &str) -> Option<u64> {
        let mut text = [0; 1024];
        let length = self.0.read_at(&mut text, 0).ok()?;
        count_in(std::str::from_utf8(&text[..length]).ok()?, line)
    }
}

fn count_in(fdinfo: &str, line: &str) -> Option<u64> {
    let count = fdinfo.lines().find_map(|one| one.strip_prefix(line))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_have_a_count() {
        let program = "pos:\t0\nprog_id:\t7\nrun_cnt:\t0\nrecursion_misses:\t322\n";
        assert_eq!(count_in(program, SKIPPED), Some(322));
        assert_eq!(count_in(program, "run_cnt:"), Some(0));
        assert_eq!(count_in("pos:\t0\nlink_id:\t7\n", SKIPPED), None);
    }
}
