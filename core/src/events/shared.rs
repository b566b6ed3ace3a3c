//! Memory in which the BPF side and its reader meet: map `reader` of `bpfapps/ringbuf.h`.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::os::fd::AsRawFd as _;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use anyhow::{Context, Result, ensure};
use libbpf_rs::{MapCore, MapType};
use memmap2::{MmapOptions, MmapRaw};

/// Elements of the map, as in the header: BPFAPPS_AWAKE, BPFAPPS_COUNTERS.
const AWAKE: usize = 0;
const COUNTERS: usize = 8;

/// The map, mapped: to use it takes no system call, and none that the process may no longer make
/// once it has given up its privileges.
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

/// Whether the BPF side has to wake the reader.
#[derive(Debug)]
pub(crate) struct Awake(Rc<Shared>);

impl Awake {
    /// As long as it is `awake`, the reader looks at the ring by itself. When it is no more, it has
    /// to look once more before it sleeps: poll(2) does.
    pub(crate) fn set(&self, awake: bool) {
        self.0.element(AWAKE).store(awake.into(), Ordering::Relaxed);
        // The BPF side hands over a record and then looks whether the reader sleeps: one of both
        // sees the other.
        fence(Ordering::SeqCst);
    }
}

/// How much was lost.
#[derive(Debug)]
pub(crate) struct Counters(Rc<Shared>);

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
    let shared = Rc::new(Shared { memory });
    Ok((Awake(Rc::clone(&shared)), Counters(shared)))
}
