//! Runs of BPF programs that the kernel skipped, since the program was at work on that CPU already:
//! it had been preempted. No code of the program sees that, but the kernel counts.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// The field of /proc/PID/fdinfo, since Linux 5.12.
const FIELD: &str = "recursion_misses:";

/// The BPF programs of this process.
#[derive(Debug)]
pub(super) struct Skipped {
    /// The kernel's information about each.
    programs: Vec<File>,
}

impl Skipped {
    /// The programs of this process that are loaded now.
    pub(super) fn of_this_process() -> Self {
        let files = fs::read_dir("/proc/self/fdinfo").into_iter().flatten();
        let files = files.filter_map(|entry| File::open(entry.ok()?.path()).ok());
        Self {
            programs: files.filter(|file| count(file).is_some()).collect(),
        }
    }

    /// Skipped runs of all programs so far.
    pub(super) fn total(&self) -> u64 {
        self.programs.iter().filter_map(count).sum()
    }
}

fn count(program: &File) -> Option<u64> {
    let mut text = [0; 1024];
    let length = program.read_at(&mut text, 0).ok()?;
    count_in(std::str::from_utf8(&text[..length]).ok()?)
}

fn count_in(fdinfo: &str) -> Option<u64> {
    let count = fdinfo.lines().find_map(|line| line.strip_prefix(FIELD))?;
    count.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_have_a_count() {
        let program = "pos:\t0\nprog_id:\t7\nrun_cnt:\t0\nrecursion_misses:\t322\n";
        assert_eq!(count_in(program), Some(322));
        assert_eq!(count_in("pos:\t0\nlink_id:\t7\n"), None);
    }
}
