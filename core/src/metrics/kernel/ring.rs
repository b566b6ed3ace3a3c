//! How full a ring buffer is, read from the two counters that the kernel and libbpf share.
#![allow(unsafe_code)]

use std::fmt;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use bpfapps_host::settings::page_size;
use libbpf_rs::MapCore;
use memmap2::{Mmap, MmapOptions};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// A ring buffer's counters: how many bytes were read, and how many written, since its start.
#[derive(Debug)]
pub(crate) struct Ring {
    read: Mmap,
    written: Mmap,
    bytes: u64,
}

impl Ring {
    pub(crate) fn map(map: &impl MapCore) -> Result<Self> {
        let page = usize::try_from(page_size()?)?;
        let counter = |number: usize| {
            let mut options = MmapOptions::new();
            options.offset((number * page) as u64).len(page);
            // SAFETY: what others change meanwhile is read as an atomic number only.
            unsafe { options.map(map.as_fd().as_raw_fd()) }
                .context("failed to map the counters of the ring buffer")
        };
        Ok(Self {
            read: counter(0)?,
            written: counter(1)?,
            bytes: map.max_entries().into(),
        })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn used(&self) -> u64 {
        // in this order: what is read meanwhile makes it more, not less than nothing
        let read = position(&self.read);
        position(&self.written).saturating_sub(read).min(self.bytes)
    }
}

fn position(page: &Mmap) -> u64 {
    // SAFETY: a page is aligned and has room for it; both sides use it as an atomic number.
    unsafe { &*page.as_ptr().cast::<AtomicU64>() }.load(Ordering::Acquire)
}

impl Collector for Ring {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Bytes in the ring buffer that are not read yet.";
        let unit = Unit::Bytes;
        let metric =
            encoder.encode_descriptor("ring_used", about, Some(&unit), MetricType::Gauge)?;
        ConstGauge::new(self.used()).encode(metric)
    }
}
