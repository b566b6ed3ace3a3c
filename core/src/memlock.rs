use log::debug;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

use crate::{Failure, kernel};

/// The first Linux that does not book BPF maps against the limit.
const FREE_SINCE: (u32, u32) = (5, 11);

/// Raises `RLIMIT_MEMLOCK` as far as it may be raised.
///
/// Before Linux 5.11 the kernel books BPF maps and programs against this limit, which is 64 KiB or
/// 8 MiB by default: too little for a ring buffer. Newer kernels book them against the memory
/// cgroup and the limit does not matter. So a limit that can't be raised (root without
/// CAP_SYS_RESOURCE, an ordinary user) is no error: where it matters, loading will say so.
pub(crate) fn raise() {
    let all = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    let Err(refused) = all else { return };
    let up_to_hard = getrlimit(Resource::RLIMIT_MEMLOCK)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).map(|()| hard));
    match up_to_hard {
        Ok(hard) => debug!("RLIMIT_MEMLOCK stays at {hard} bytes: {refused}"),
        Err(err) => debug!("RLIMIT_MEMLOCK stays as it was: {err}"),
    }
}

/// Why the kernel may have answered EPERM to a process that has all the capabilities it needs.
pub(crate) fn cause() -> Option<Failure> {
    let (limit, _) = getrlimit(Resource::RLIMIT_MEMLOCK).ok()?;
    refused(kernel::version().ok()?, limit)
}

fn refused(running: (u32, u32), limit: u64) -> Option<Failure> {
    let booked = running < FREE_SINCE && limit != RLIM_INFINITY;
    booked.then(|| {
        let ((major, minor), (free_major, free_minor)) = (running, FREE_SINCE);
        Failure::new(
            format!(
                "only {limit} bytes of BPF maps are allowed: this is Linux {major}.{minor}, and \
                 before {free_major}.{free_minor} RLIMIT_MEMLOCK limits them"
            ),
            "run it with sudo, or have root raise the limit: ulimit -l unlimited",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_a_cause_only_where_it_limits() {
        let words = refused((5, 10), 65536).map(|failure| failure.to_string());
        let expected = "only 65536 bytes of BPF maps are allowed: this is Linux 5.10, and before \
                        5.11 RLIMIT_MEMLOCK limits them";
        assert_eq!(words.as_deref(), Some(expected));
        assert!(refused((5, 10), RLIM_INFINITY).is_none());
        assert!(refused((5, 11), 65536).is_none());
    }
}
