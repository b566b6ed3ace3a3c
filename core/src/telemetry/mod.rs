//! What `--otlp` sends: each event as an OTLP log, and the metrics, over HTTP.
//!
//! The loop of events copies a document into a queue; a thread that starts once privileges are
//! given up does all the rest. What the queue has no room for, or the receiver does not take, is
//! counted as lost.

mod exporter;
mod options;
mod queue;
mod requests;
mod resource;

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::events::Count;
use crate::metrics::Page;
use crate::output::Observer;
use exporter::Exporter;
use queue::Queue;

pub(crate) use options::{Arguments, Sent};

/// The telemetry of a run.
#[derive(Debug)]
pub(crate) struct Telemetry {
    /// Until the thread runs.
    waiting: RefCell<Option<(Sent, Resource)>>,
    queue: Arc<Queue>,
    timeout: Duration,
}

impl Telemetry {
    /// Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The environment describes this machine in a way that can't be read.
    pub(crate) fn new(sent: Sent) -> Result<Self> {
        Ok(Self {
            queue: Arc::new(Queue::new(sent.queue)),
            timeout: sent.timeout,
            waiting: RefCell::new(Some((sent, resource::resource()?))),
        })
    }

    /// What sends events.
    pub(crate) fn observer(&self) -> Box<dyn Observer> {
        Box::new(Copies(Arc::clone(&self.queue)))
    }

    /// Sends events and metrics from now on, in a thread of its own, with the rights that this one
    /// has left.
    ///
    /// # Errors
    ///
    /// There can be no other thread.
    pub(crate) fn start(&self, page: Arc<Page>) -> Result<()> {
        let Some((sent, resource)) = self.waiting.take() else {
            return Ok(());
        };
        let exporter = Exporter::new(sent, resource, Arc::clone(&self.queue), page);
        let thread = thread::Builder::new().name("otlp".into());
        thread
            .spawn(|| exporter.run())
            .context("failed to start the thread for OTLP")?;
        Ok(())
    }

    /// Waits until all is sent, as long as that may take.
    pub(crate) fn finish(&self) {
        // one that never started takes no time
        let has_started = self.waiting.borrow().is_none();
        let timeout = if has_started {
            self.timeout
        } else {
            Duration::ZERO
        };
        self.queue.finish(timeout);
    }

    /// True once [`Telemetry::finish`] was called.
    pub(crate) fn is_finished(&self) -> bool {
        self.queue.is_finished()
    }

    /// Number of events that were lost on the way, at any time.
    pub(crate) fn lost(&self) -> Count {
        let queue = Arc::clone(&self.queue);
        Count::of(move || queue.lost())
    }
}

#[derive(Debug)]
struct Copies(Arc<Queue>);

impl Observer for Copies {
    fn reads_documents(&self) -> bool {
        true
    }

    fn observe(&mut self, _: &str, document: &[u8]) {
        self.0.push(document);
    }
}
