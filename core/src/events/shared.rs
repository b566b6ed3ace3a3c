//! Memory in which the BPF side and its reader meet: map `reader` of `bpfapps/ringbuf.h`.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use anyhow::{Context, Result, ensure};
use libbpf_rs::{MapCore, MapType};
use memmap2::{MmapOptions, MmapRaw};

/// Elements of the map, as in the header: BPFAPPS_AWAKE, BPFAPPS_COUNTERS.
const AWAKE: usize = 0;
const COUNTERS: usize = 8;

/// The mapped memory of the map. It is used without system calls, so also after the process has
/// given up its privileges.
#[derive(Debug)]
struct Shared {
    memory: MmapRaw,
}

impl Shared {
    fn len(&self) -> usize {
        self.memory.len() / size_of::<u64>()
    }

    fn element(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.len(), "there is no element {index}");
        let first = self.memory.as_mut_ptr().cast::<AtomicU64>();
        // SAFETY: within the mapping, which is aligned to a page and lives as long as `self`; both
        // sides change it with atomic instructions only.
        unsafe { &*first.add(index) }
    }
}

/// Tells the BPF side whether it must wake the reader.
#[derive(Debug)]
pub(crate) struct Awake(Arc<Shared>);

impl Awake {
    /// While `awake` is true, the reader polls the ring by itself. After setting it to false, it
    /// must check the ring once more before it sleeps: poll(2) does.
    pub(crate) fn set(&self, awake: bool) {
        self.0.element(AWAKE).store(awake.into(), Ordering::Relaxed);
        // The BPF side submits a record, then checks whether the reader sleeps: the fence makes
        // sure that one side sees the other.
        fence(Ordering::SeqCst);
    }
}

/// The counters of losses.
#[derive(Clone, Debug)]
pub(crate) struct Counters(Arc<Shared>);

impl Counters {
    /// All counters, in the order of the map.
    pub(crate) fn read(&self) -> impl Iterator<Item = u64> {
        let elements = COUNTERS..self.0.len();
        elements.map(|index| self.0.element(index).load(Ordering::Relaxed))
    }
}

/// Maps the map.
///
/// # Errors
///
/// Not the `reader` map, or mmap failed.
pub(crate) fn map(map: &dyn MapCore) -> Result<(Awake, Counters)> {
    let (size, count) = (size_of::<u64>(), map.max_entries() as usize);
    let is_shared = map.map_type() == MapType::Array && map.value_size() as usize == size;
    ensure!(
        is_shared && count > COUNTERS,
        "map {} is not the one of bpfapps/ringbuf.h",
        map.name().display()
    );
    let memory = MmapOptions::new()
        .len(count * size)
        .map_raw(map.as_fd().as_raw_fd())
        .with_context(|| format!("failed to map {}", map.name().display()))?;
    let shared = Arc::new(Shared { memory });
    Ok((Awake(Arc::clone(&shared)), Counters(shared)))
}
