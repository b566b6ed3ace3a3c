//! Maps of the headers that apps share, made fit for this machine before they are loaded.

use anyhow::Result;
use bpfapps_host::Release;
use libbpf_rs::{MapType, OpenObject};

/// The same version as BPFAPPS_HAS_TASK_STORAGE in `bpfapps/process.h`.
const TASK_STORAGE_SINCE: (u32, u32) = (5, 13);

/// With task storage few elements of `bpfapps_exec_start_by_pid` are needed, and its size is time to start.
const FEW: u32 = 8192;

/// Gives the ring buffer its size, if one is given, and leaves out what this kernel does not have.
/// [`Session::load`](super::Session::load) does it.
///
/// # Errors
///
/// The kernel's release can't be read.
pub fn fit_maps(open: &mut OpenObject, ring_size: Option<u32>) -> Result<()> {
    for mut map in open.maps_mut() {
        let has_task_storage =
            || -> Result<bool> { Ok(Release::running()?.is_at_least(TASK_STORAGE_SINCE)) };
        match (map.map_type(), map.name().to_str()) {
            (MapType::RingBuf, _) => {
                if let Some(size) = ring_size {
                    map.set_max_entries(size)?;
                }
            }
            (_, Some("bpfapps_exec_start")) => map.set_autocreate(has_task_storage()?)?,
            (_, Some("bpfapps_exec_start_by_pid")) if has_task_storage()? => {
                map.set_max_entries(FEW)?
            }
            _ => {}
        }
    }
    Ok(())
}
