use log::debug;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Raises `RLIMIT_MEMLOCK` as far as it may be raised.
///
/// Before Linux 5.11 the kernel charges BPF maps and programs to this limit. Its default of 64 KiB
/// or 8 MiB is too small for a ring buffer. Newer kernels charge the memory cgroup instead. Failing
/// to raise the limit (root without CAP_SYS_RESOURCE, an unprivileged user) is therefore no error:
/// if it matters, loading reports it.
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
