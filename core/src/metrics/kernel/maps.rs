#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use libbpf_rs::libbpf_sys::bpf_map_get_next_key;
use libbpf_rs::{MapCore as _, MapHandle, MapType, Object};
use log::info;
use nix::errno::Errno;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

/// Maps whose number of entries changes, and whose keys can be listed.
const KINDS: [MapType; 4] = [
    MapType::Hash,
    MapType::LruHash,
    MapType::PercpuHash,
    MapType::LruPercpuHash,
];

/// Hashes of the objects that are loaded.
#[derive(Debug, Default)]
pub(crate) struct Maps(Mutex<Vec<MapHandle>>);

impl Maps {
    /// Adds the hashes of `object`.
    pub(crate) fn add(&self, object: &Object) {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for map in object.maps().filter(|map| KINDS.contains(&map.map_type())) {
            match MapHandle::try_from(&map) {
                Ok(handle) => maps.push(handle),
                Err(err) => info!("entries of {:?} are not counted: {err}", map.name()),
            }
        }
    }
}

impl Collector for Maps {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // the maps of two objects may have one name
        let mut counts = BTreeMap::<_, u64>::new();
        for map in &*maps {
            if let Some(entries) = entries(map) {
                *counts.entry(map.name().to_string_lossy()).or_default() += entries;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let about = "Entries of the BPF map.";
        let mut metric =
            encoder.encode_descriptor("map_entries", about, None, MetricType::Gauge)?;
        for (map, count) in counts {
            let labels = [("map", &*map)];
            metric.encode_family(&labels)?.encode_gauge(&count)?;
        }
        Ok(())
    }
}

/// The number of entries; none if the kernel lets only who has CAP_BPF look, as before Linux 5.19.
fn entries(map: &MapHandle) -> Option<u64> {
    let mut key = vec![0_u8; map.key_size() as usize];
    let mut before = ptr::null();
    // a key that is deleted meanwhile has the kernel begin anew
    for count in 0..u64::from(map.max_entries()) {
        let fd = map.as_fd().as_raw_fd();
        // SAFETY: the kernel reads the key before, and then writes one of the map's size.
        let found = unsafe { bpf_map_get_next_key(fd, before, key.as_mut_ptr().cast()) };
        match Errno::from_raw(-found) {
            _ if found == 0 => before = key.as_ptr().cast(),
            Errno::ENOENT => return Some(count),
            _ => return None,
        }
    }
    Some(map.max_entries().into())
}
