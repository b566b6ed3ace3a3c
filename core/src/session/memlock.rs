use log::debug;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Raises `RLIMIT_MEMLOCK` as far as it may be raised.
///
/// Before Linux 5.11 the kernel books BPF maps and programs against this limit, which is 64 KiB or
/// 8 MiB by default: too little for a ring buffer. Newer kernels book them against the memory
/// cgroup and the limit does not matter. So a limit that can't be raised (root without
/// CAP_SYS_RESOURCE, an ordinary user) is no error: where it matters, loading will say so.
pub fn raise_memlock() {
    let all = setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
    let Err(refused) = all else { return };
    let up_to_hard = getrlimit(Resource::RLIMIT_MEMLOCK)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).map(|()| hard));
    match up_to_hard {
        Ok(hard) => debug!("RLIMIT_MEMLOCK stays at {hard} bytes: {refused}"),
        Err(err) => debug!("RLIMIT_MEMLOCK stays as it was: {err}"),
    }
}
