//! A BPF ring buffer as a source of typed records.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use anyhow::{Context, Error, Result};
use libbpf_rs::{MapCore, RingBuffer, RingBufferBuilder};
use nix::libc::ECANCELED;

use super::{Record, Records};

/// The records of a ring buffer. `F` receives each with the bytes after it.
pub(crate) struct RingRecords<'map, F> {
    ring: RingBuffer<'map>,
    callback: Rc<Callback<F>>,
}

impl<'map, F> RingRecords<'map, F> {
    /// Maps the ring buffer; nothing is read yet.
    pub(crate) fn new<R: Record>(map: &'map dyn MapCore, handle: F) -> Result<Self>
    where
        F: FnMut(&R, &[u8]) -> Result<()> + 'map,
    {
        let callback = Rc::new(Callback {
            handle: RefCell::new(handle),
            stopped: Cell::new(None),
            discard: Cell::new(false),
        });
        let called = Rc::clone(&callback);
        let mut builder = RingBufferBuilder::new();
        builder
            .add(map, move |bytes| called.call(bytes))
            .context("failed to read the ring buffer")?;
        let ring = builder.build().context("failed to map the ring buffer")?;
        Ok(Self { ring, callback })
    }
}

impl<F> Records for RingRecords<'_, F> {
    fn consume(&self, most: usize) -> Result<usize> {
        let count = self.ring.consume_raw_n(most);
        match self.callback.stopped.take() {
            Some(Stopped::Error(err)) => Err(err),
            Some(Stopped::Panic(panic)) => resume_unwind(panic),
            None => usize::try_from(count).map_err(|_| {
                Error::new(io::Error::from_raw_os_error(-count)).context("failed to read records")
            }),
        }
    }

    fn discard(&self) -> Result<u64> {
        self.callback.discard.set(true);
        let count = self.consume(i32::MAX as usize);
        self.callback.discard.set(false);
        Ok(count? as u64)
    }
}

/// The state of libbpf's callback. Nothing may unwind through C code, so errors and panics wait
/// here until libbpf returns.
struct Callback<F> {
    handle: RefCell<F>,
    stopped: Cell<Option<Stopped>>,
    /// If true, records are only counted.
    discard: Cell<bool>,
}

/// Why a record was not handled.
enum Stopped {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

impl<F> Callback<F> {
    fn call<R: Record>(&self, bytes: &[u8]) -> i32
    where
        F: FnMut(&R, &[u8]) -> Result<()>,
    {
        if self.discard.get() {
            return 0;
        }
        let handle = || {
            let (record, tail) = R::from_bytes(bytes)?;
            (self.handle.borrow_mut())(record, tail)
        };
        let stopped = match catch_unwind(AssertUnwindSafe(handle)) {
            Ok(Ok(())) => return 0,
            Ok(Err(err)) => Stopped::Error(err),
            Err(panic) => Stopped::Panic(panic),
        };
        self.stopped.set(Some(stopped));
        -ECANCELED
    }
}
