//! How many records never made it into the ring buffer: the other half of `bpfapps/ringbuf.h`.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use libbpf_rs::{MapCore, MapType};
use memmap2::{MmapOptions, MmapRaw};

/// The counters of the map `lost`, one for each CPU.
///
/// They are mapped into memory: a look at them takes no system call, and none that the process may
/// no longer make once it has given up its privileges.
#[derive(Debug)]
pub(crate) struct Lost {
    counters: MmapRaw,
}

impl Lost {
    pub(crate) fn map(map: &dyn MapCore) -> Result<Self> {
        let size = size_of::<u64>();
        let is_counters = map.map_type() == MapType::Array && map.value_size() as usize == size;
        ensure!(
            is_counters,
            "map {} has no counters in it",
            map.name().display()
        );
        let counters = MmapOptions::new()
            .len(map.max_entries() as usize * size)
            .map_raw_read_only(map.as_fd().as_raw_fd())
            .context("failed to map the counters of lost events")?;
        Ok(Self { counters })
    }

    /// What each CPU has lost so far, by its number.
    fn counts(&self) -> impl Iterator<Item = u64> {
        let first = self.counters.as_ptr().cast::<AtomicU64>();
        (0..self.counters.len() / size_of::<u64>()).map(move |cpu| {
            // SAFETY: within the mapping, which is aligned to a page and lives as long as `self`;
            // the kernel side changes it with atomic instructions only.
            unsafe { (*first.add(cpu)).load(Ordering::Relaxed) }
        })
    }

    /// How many were lost so far, on all CPUs.
    pub(crate) fn total(&self) -> u64 {
        self.counts().sum()
    }

    /// What was lost and where, in words; `None` where nothing was.
    pub(crate) fn describe(&self) -> Option<String> {
        describe(self.counts())
    }
}

fn describe(counts: impl Iterator<Item = u64>) -> Option<String> {
    let lost: Vec<_> = counts.enumerate().filter(|(_, count)| *count > 0).collect();
    let total: u64 = lost.iter().map(|(_, count)| count).sum();
    let each: Vec<_> = lost
        .iter()
        .map(|(cpu, count)| format!("cpu {cpu}: {count}"))
        .collect();
    (total > 0).then(|| {
        format!(
            "lost {total} events: the ring buffer was full ({})",
            each.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_per_cpu_and_silence_means_none() {
        assert_eq!(describe([0, 0].into_iter()), None);
        assert_eq!(
            describe([0, 3, 0, 4].into_iter()).as_deref(),
            Some("lost 7 events: the ring buffer was full (cpu 1: 3, cpu 3: 4)")
        );
    }
}
