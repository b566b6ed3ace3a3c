//! What the kernel says of a BPF program in /proc: to everybody who had it opened in time.

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _, RawFd};
use std::os::unix::fs::FileExt as _;

use libbpf_rs::Object;

/// Runs that the kernel skipped, since Linux 5.12.
pub(crate) const SKIPPED: &str = "recursion_misses:";

/// A BPF program's file in /proc/self/fdinfo. It stays readable when privileges are gone.
#[derive(Debug)]
pub(crate) struct ProgramInfo {
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "metrics show it"))]
    pub(crate) name: String,
    fd: RawFd,
    file: File,
}

impl ProgramInfo {
    /// Adds the programs of a loaded object to `all`. A descriptor that is given again belonged to an
    /// object that is gone.
    pub(crate) fn add(all: &mut Vec<Self>, object: &Object) {
        for program in object.progs() {
            let fd = program.as_fd().as_raw_fd();
            all.retain(|other| other.fd != fd);
            if let Ok(file) = File::open(format!("/proc/self/fdinfo/{fd}")) {
                let name = program.name().to_string_lossy().into_owned();
                all.push(Self { name, fd, file });
            }
        }
    }

    /// The counts in the lines that start so, all of one moment.
    pub(crate) fn counts<const N: usize>(&self, lines: [&str; N]) -> [Option<u64>; N] {
        let mut text = [0; 1024];
        let length = self.file.read_at(&mut text, 0).unwrap_or(0);
        let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
        lines.map(|line| count_in(text, line))
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
