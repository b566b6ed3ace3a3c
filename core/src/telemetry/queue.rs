//! Events on their way to the receiver: a queue with a bound in bytes.

use std::collections::VecDeque;
use std::mem::size_of;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Maximum number of events in a request.
const BATCH: usize = 512;

/// How long events gather for a request.
const GATHER: Duration = Duration::from_secs(1);

/// The documents that wait, and what came of the others.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// Bytes that may wait.
    bound: u64,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Document>,
    /// What waits, and what is being sent.
    bytes: u64,
    /// Number of events that are being sent.
    sending: u64,
    lost: u64,
    /// Once the run is over: until when events may still be sent.
    deadline: Option<Instant>,
    /// Nothing more is sent.
    is_closed: bool,
}

type Document = Box<[u8]>;

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Next {
    /// Send these.
    Documents(Vec<Document>),
    /// The time is up.
    Nothing,
    /// The run is over, and nothing is left.
    End,
}

/// Bytes that a waiting document takes.
fn size(document: &Document) -> u64 {
    (document.len() + size_of::<Document>()) as u64
}

impl Queue {
    pub(super) fn new(bound: u64) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            bound,
        }
    }

    /// Adds a document, or counts it as lost if there is no room.
    pub(super) fn push(&self, document: &[u8]) {
        let document = Document::from(document);
        let mut state = self.lock();
        let bytes = state.bytes + size(&document);
        if bytes > self.bound || state.deadline.is_some() {
            state.lost += 1;
            return;
        }
        state.bytes = bytes;
        state.waiting.push_back(document);
        // the first one starts the time of the next request, and a whole request is sent at once
        if [1, BATCH].contains(&state.waiting.len()) {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits for the documents of the next request, until that time at most.
    pub(super) fn next(&self, until: Instant) -> Next {
        let left = || until.saturating_duration_since(Instant::now());
        let is_idle = |state: &mut State| state.waiting.is_empty() && state.deadline.is_none();
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), left(), is_idle);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return match state.deadline {
                Some(_) => Next::End,
                None => Next::Nothing,
            };
        }
        let is_short = |state: &mut State| state.waiting.len() < BATCH && state.deadline.is_none();
        let waited = self.changed.wait_timeout_while(state, GATHER, is_short);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(BATCH);
        state.sending = count as u64;
        Next::Documents(state.waiting.drain(..count).collect())
    }

    /// The receiver has taken these documents, but for the last `lost` ones.
    pub(super) fn settle(&self, documents: &[Document], lost: u64) {
        let mut state = self.lock();
        // at the end, what was on its way has been counted as lost
        if state.sending > 0 {
            state.sending = 0;
            state.bytes -= documents.iter().map(size).sum::<u64>();
            state.lost += lost.min(documents.len() as u64);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for `time`, or until the time is up for all: false then.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let until = state.deadline.map_or(end, |deadline| deadline.min(end));
            if now >= until {
                return state.deadline.is_none_or(|deadline| now < deadline);
            }
            let waited = self.changed.wait_timeout(state, until - now);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Time that is left of `time` before all is to end.
    pub(super) fn time_left(&self, time: Duration) -> Duration {
        let deadline = self.lock().deadline;
        deadline.map_or(time, |deadline| {
            deadline.saturating_duration_since(Instant::now()).min(time)
        })
    }

    /// True once nothing more is taken.
    pub(super) fn is_finished(&self) -> bool {
        self.lock().deadline.is_some()
    }

    /// Number of events that were lost on the way.
    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// All is sent.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Takes no more events, waits up to `timeout` until the queue is closed, and counts what is
    /// left as lost.
    pub(super) fn finish(&self, timeout: Duration) {
        let mut state = self.lock();
        if state.deadline.is_some() {
            return;
        }
        state.deadline = Some(Instant::now() + timeout);
        self.changed.notify_all();
        let is_open = |state: &mut State| !state.is_closed;
        let waited = self.changed.wait_timeout_while(state, timeout, is_open);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.lost += state.sending + state.waiting.len() as u64;
        state.sending = 0;
        state.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(queue: &Queue) -> Vec<Document> {
        match queue.next(Instant::now()) {
            Next::Documents(documents) => documents,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_event_is_sent_or_lost() {
        let room = size(&Document::from(&b"12345678"[..]));
        let queue = Queue::new(2 * room);
        assert!(matches!(queue.next(Instant::now()), Next::Nothing));
        for _ in 0..3 {
            queue.push(b"12345678");
        }
        assert_eq!(queue.lost(), 1);
        let documents = batch(&queue);
        assert_eq!(documents.len(), 2);
        // what is being sent takes room
        queue.push(b"12345678");
        assert_eq!(queue.lost(), 2);
        // one of both was taken, and one was not
        queue.settle(&documents, 1);
        assert_eq!(queue.lost(), 3);
        queue.push(b"12345678");
        queue.finish(Duration::ZERO);
        assert_eq!(queue.lost(), 4);
        queue.push(b"12345678");
        assert_eq!(queue.lost(), 5);
        assert!(matches!(queue.next(Instant::now()), Next::End));
        assert!(!queue.pause(Duration::from_secs(60)));
    }

    #[test]
    fn answer_that_comes_too_late_changes_nothing() {
        let queue = Queue::new(1 << 20);
        queue.push(b"{}");
        let documents = batch(&queue);
        queue.finish(Duration::ZERO);
        assert_eq!(queue.lost(), 1);
        queue.settle(&documents, 0);
        assert_eq!(queue.lost(), 1);
    }
}
