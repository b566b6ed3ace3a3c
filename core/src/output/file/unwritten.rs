use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Number of events that were formatted but not written, and how many of them documents tell.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    count: Arc<AtomicU64>,
    /// By the documents in the file.
    told: u64,
    /// By these and the one in the buffer.
    telling: u64,
}

impl Unwritten {
    pub(crate) fn add(&self, events: u64) {
        self.count.fetch_add(events, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The number, for a reader in another thread.
    pub(crate) fn shared(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.count)
    }

    /// How many no document has told, and how many there are in all: the next document in the buffer
    /// is to tell it.
    pub(crate) fn tell(&mut self) -> Option<(u64, u64)> {
        let all = self.now();
        self.telling = all;
        (all > self.told).then_some((all - self.told, all))
    }

    /// The buffer is in the file, with its document.
    pub(crate) fn is_told(&mut self) {
        self.told = self.telling;
    }
}
