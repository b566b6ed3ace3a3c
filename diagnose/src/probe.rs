//! What is only tried.
#![allow(unsafe_code)]

use std::ptr::null;

use libbpf_rs::libbpf_sys::{bpf_map__set_pin_path, bpf_map_create_opts};
use libbpf_rs::{AsRawLibbpf as _, MapHandle, MapType, OpenObject};
use nix::errno::Errno;

use crate::refusal::errno;

/// Keeps libbpf from pinning the maps of an object that is only tried, and from taking pinned ones of
/// the same names for them: these are in use.
pub fn unpin(open: &mut OpenObject) {
    for map in open.maps_mut() {
        // SAFETY: the map is the object's, which nobody else uses meanwhile, and libbpf frees the path.
        unsafe { bpf_map__set_pin_path(map.as_libbpf_object().as_ptr(), null()) };
    }
}

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
