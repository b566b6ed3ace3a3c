use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many events of each type there were, for a reader in another thread.
#[derive(Debug)]
pub(crate) struct Counts(pub(crate) Vec<(&'static str, Arc<AtomicU64>)>);

impl Counts {
    /// There was one more.
    #[inline]
    pub(super) fn add(&self, kind: &str) {
        // an enumerator that the header does not name has no document
        if let Some((_, count)) = self.0.iter().find(|(known, _)| *known == kind) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
