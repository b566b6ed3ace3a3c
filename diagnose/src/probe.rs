use libbpf_rs::libbpf_sys::bpf_map_create_opts;
use libbpf_rs::{MapHandle, MapType};
use nix::errno::Errno;

use crate::refusal::errno;

/// Has the kernel make a map, the least that BPF can do, and throws it away.
///
/// # Errors
///
/// The kernel's answer.
pub fn make_map() -> Result<(), Errno> {
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as u64,
        ..Default::default()
    };
    let made = MapHandle::create(MapType::Array, Some("doctor"), 4, 4, 1, &options);
    made.map(drop)
        .map_err(|err| errno(&err.into()).unwrap_or(Errno::UnknownErrno))
}
