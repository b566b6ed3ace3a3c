//! A perf buffer, which kernels before 5.8 have in place of the ring buffer: one ring for each CPU.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, PerfBuffer, PerfBufferBuilder};

use crate::poll::Source;
use crate::{Record, Session, Stream, kernel};

/// Bytes for each CPU, where the user does not say: what an ordinary user may lock, too.
const BYTES: u64 = 256 * 1024;

/// What the kernel puts around each record at the least: a header, a length, and the padding to
/// eight bytes.
const RECORD_HEADER: usize = 12;

impl Session {
    /// Maps the rings of a map of the type BPF_MAP_TYPE_PERF_EVENT_ARRAY, one for each CPU that is
    /// there now. Call it before [`Session::attach`]: without its ring what happens on a CPU is lost.
    ///
    /// The size that `stream` has for the ring buffer is that of each ring. `time` says when a record
    /// is from, and brings those that are read together into order.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn perf_buffer<R: Record>(
        &self,
        stream: &Stream,
        map: &impl MapCore,
        time: fn(&R) -> u64,
    ) -> Result<PerfRecords<R>> {
        let page = kernel::page_size()?;
        let bytes = stream.ring_size().map_or(BYTES, u64::from).max(page);
        let read = Rc::new(RefCell::new(VecDeque::new()));
        let queue = Rc::clone(&read);
        let buffer = PerfBufferBuilder::new(map)
            .pages(usize::try_from(bytes / page)?)
            // a record is not aligned there, and the ring's room is to be free again soon
            .sample_cb(move |_, mut bytes| queue.borrow_mut().push_back(R::read(&mut bytes)))
            .build()
            .context("failed to map the perf buffer")?;
        let record = size_of::<R>() + RECORD_HEADER;
        Ok(PerfRecords {
            capacity: buffer.buffer_cnt() * bytes as usize / record,
            buffer,
            read,
            time,
        })
    }

    /// Like [`Session::poll`], for a perf buffer and `bpfapps/perfbuf.h`.
    ///
    /// # Errors
    ///
    /// As [`Session::poll`].
    pub fn poll_perf_buffer<R: Record>(
        &self,
        stream: &Stream,
        records: &PerfRecords<R>,
        shared: &dyn MapCore,
        handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        let handle = RefCell::new(handle);
        let source = Handled { records, handle };
        self.poll_source(stream, &source, records.ready(), records.capacity, shared)
    }
}

/// The records of a perf buffer.
#[derive(Debug)]
pub struct PerfRecords<R> {
    buffer: PerfBuffer<'static>,
    /// More than so many never stand there.
    capacity: usize,
    /// What libbpf has read, and nobody has handled. Nothing may unwind through libbpf's C code, so
    /// its callback only puts records here.
    read: Rc<RefCell<VecDeque<Result<R>>>>,
    time: fn(&R) -> u64,
}

impl<R: Record> PerfRecords<R> {
    fn ready(&self) -> BorrowedFd<'_> {
        // SAFETY: the epoll instance is open as long as the buffer, which the result borrows.
        unsafe { BorrowedFd::borrow_raw(self.buffer.epoll_fd()) }
    }

    /// Reads what stands in the rings of all CPUs.
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

impl<R: Record, F: FnMut(&R) -> Result<()>> Source for Handled<'_, R, F> {
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
