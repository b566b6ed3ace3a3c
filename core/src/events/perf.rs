//! A perf buffer, which kernels before 5.8 have in place of the ring buffer: one ring for each CPU.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use anyhow::{Context, Result};
use bpfapps_host::settings::page_size;
use libbpf_rs::{MapCore, PerfBuffer, PerfBufferBuilder};

use super::{Record, Records, Stream};

/// Default bytes per CPU: an unprivileged user may lock this much.
const BYTES: u64 = 256 * 1024;

/// Minimum overhead that the kernel adds to a record: a header, a length, and padding to eight
/// bytes.
const RECORD_HEADER: usize = 12;

/// The records of a perf buffer.
#[derive(Debug)]
pub struct PerfRecords<R> {
    buffer: PerfBuffer<'static>,
    /// Maximum number of records in the buffer.
    capacity: usize,
    /// Records that libbpf has read and that are not handled yet. libbpf's callback only queues
    /// them, because nothing may unwind through its C code.
    read: Rc<RefCell<VecDeque<Result<R>>>>,
    time: fn(&R) -> u64,
}

/// Bytes of the ring of each CPU.
pub(crate) fn ring_bytes(stream: &Stream) -> Result<u64> {
    let bytes = stream.ring_size().map_or(BYTES, u64::from);
    Ok(bytes.max(page_size()?))
}

impl<R: Record> PerfRecords<R> {
    /// Maps a ring of that many bytes for each CPU.
    pub(crate) fn new(map: &impl MapCore, bytes: u64, time: fn(&R) -> u64) -> Result<Self> {
        let read = Rc::new(RefCell::new(VecDeque::new()));
        let queue = Rc::clone(&read);
        let buffer = PerfBufferBuilder::new(map)
            .pages(usize::try_from(bytes / page_size()?)?)
            // copy the record: it may be unaligned here, and copying frees the ring's space early
            .sample_cb(move |_, mut bytes| queue.borrow_mut().push_back(R::read(&mut bytes)))
            .build()
            .context("failed to map the perf buffer")?;
        let record = size_of::<R>() + RECORD_HEADER;
        Ok(Self {
            capacity: buffer.buffer_cnt() * bytes as usize / record,
            buffer,
            read,
            time,
        })
    }

    /// The records, each handed to `handle`.
    pub(crate) fn handled_by<F: FnMut(&R) -> Result<()>>(&self, handle: F) -> impl Records {
        Handled {
            records: self,
            handle: RefCell::new(handle),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn ready(&self) -> BorrowedFd<'_> {
        // SAFETY: the epoll instance is open as long as the buffer, which the result borrows.
        unsafe { BorrowedFd::borrow_raw(self.buffer.epoll_fd()) }
    }

    /// Queues the records in the rings of all CPUs.
    fn fill(&self) -> Result<()> {
        self.buffer.consume().context("failed to read records")?;
        let mut read = self.read.borrow_mut();
        let time = |record: &Result<R>| record.as_ref().map_or(0, self.time);
        read.make_contiguous().sort_by_key(time);
        Ok(())
    }

    fn next(&self) -> Option<Result<R>> {
        self.read.borrow_mut().pop_front()
    }
}

/// The records, each handed to `F`.
struct Handled<'a, R, F> {
    records: &'a PerfRecords<R>,
    handle: RefCell<F>,
}

impl<R: Record, F: FnMut(&R) -> Result<()>> Records for Handled<'_, R, F> {
    fn consume(&self, most: usize) -> Result<usize> {
        if self.records.read.borrow().len() < most {
            self.records.fill()?;
        }
        for count in 0..most {
            match self.records.next() {
                Some(record) => (self.handle.borrow_mut())(&record?)?,
                None => return Ok(count),
            }
        }
        Ok(most)
    }

    fn discard(&self) -> Result<u64> {
        self.records.fill()?;
        Ok(self.records.read.borrow_mut().drain(..).count() as u64)
    }
}
