//! Support for trial loads.
#![allow(unsafe_code)]

use std::ptr::null;

use libbpf_rs::libbpf_sys::{bpf_map__set_pin_path, bpf_map_create_opts};
use libbpf_rs::{AsRawLibbpf as _, MapHandle, MapType, OpenObject};
use nix::errno::Errno;

use crate::refusal::errno;

/// Removes the pin paths of an object's maps, for a trial load. Otherwise libbpf would pin them, or
/// reuse pinned maps of the same names that are in use.
pub fn unpin(open: &mut OpenObject) {
    for map in open.maps_mut() {
        // SAFETY: the map belongs to the object, which is borrowed exclusively; libbpf frees the
        // path.
        unsafe { bpf_map__set_pin_path(map.as_libbpf_object().as_ptr(), null()) };
    }
}

/// Creates and drops a map, the smallest use of BPF.
///
/// # Errors
///
/// The kernel's error number.
pub fn make_map() -> Result<(), Errno> {
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as u64,
        ..Default::default()
    };
    let made = MapHandle::create(MapType::Array, Some("doctor"), 4, 4, 1, &options);
    made.map(drop)
        .map_err(|err| errno(&err.into()).unwrap_or(Errno::UnknownErrno))
}
