//! What `--metrics` serves: the counts of a run, for Prometheus.
//!
//! The thread that serves them starts once privileges are given up, as capabilities belong to
//! threads. It reads what the loop of events counts anyway, or what the kernel counts: a scrape
//! holds nothing up.

mod events;
mod kernel;
mod options;
mod process;
mod serve;

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, Object};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::events::{Count, Counters};
use crate::output::{Document, Observer};
use events::Events;
use kernel::{Losses, Maps, Programs, Ring};
use serve::Address;

#[cfg(feature = "otlp")]
pub(crate) use options::EXPORTER;
pub(crate) use options::{Arguments, Served};
pub(crate) use serve::Page;

/// The prefix of all names but `process_…`.
const PREFIX: &str = "bpfapps";

/// Stack of the thread, which formats a page and no more.
const STACK: usize = 256 * 1024;

/// The metrics of a run.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Until they are served.
    waiting: RefCell<Option<(Option<OwnedFd>, Registry)>>,
    events: Events,
    programs: Arc<Programs>,
    maps: Arc<Maps>,
}

impl Metrics {
    /// Opens the socket, if there is one; nothing is answered yet.
    ///
    /// # Errors
    ///
    /// The address is taken, or not ours.
    pub(crate) fn start(served: &Served) -> Result<Self> {
        let socket = served.address.as_ref().map(Address::listen).transpose()?;
        let label = ("app".into(), served.app.into());
        let mut registry = Registry::with_labels([label].into_iter());
        registry.register_collector(Box::new(process::Process::own()?));
        let own = registry.sub_registry_with_prefix(PREFIX);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        own.register("build", "The program that reports", Info::new(version));
        let ready = ConstGauge::new(1_u64);
        own.register("ready", "1 once no event is missed any more", ready);
        let events = Events::register(&served.by_field, own);
        let programs = Arc::new(Programs::measured());
        own.register_collector(Box::new(Arc::clone(&programs)));
        let maps = Arc::new(Maps::default());
        own.register_collector(Box::new(Arc::clone(&maps)));
        Ok(Self {
            waiting: RefCell::new(Some((socket, registry))),
            events,
            programs,
            maps,
        })
    }

    /// Serves what the kernel counts of the programs of a loaded object, and the entries of its
    /// maps.
    pub(crate) fn watch_object(&self, object: &Object) {
        self.programs.add(object);
        self.maps.add(object);
    }

    /// Serves the counters of losses, and those of other stages.
    ///
    /// # Errors
    ///
    /// It is not known how many CPUs there are.
    pub(crate) fn watch_losses(
        &self,
        counters: Counters,
        others: Vec<(&'static str, Count)>,
    ) -> Result<()> {
        let losses = Losses::of(counters, others)?;
        self.register(|own| own.register_collector(Box::new(losses)));
        Ok(())
    }

    /// Serves how full a ring buffer is.
    ///
    /// # Errors
    ///
    /// It can't be mapped.
    pub(crate) fn watch_ring(&self, map: &impl MapCore) -> Result<()> {
        let ring = Ring::map(map)?;
        let size = ConstGauge::new(ring.bytes());
        self.register(|own| {
            own.register_with_unit("ring", "Size of the ring buffer", Unit::Bytes, size);
            own.register_collector(Box::new(ring));
        });
        Ok(())
    }

    /// True if documents of events are read.
    pub(crate) fn reads_documents(&self) -> bool {
        self.events.reads_documents()
    }

    /// Counts events of these types.
    pub(crate) fn observer(&self, documents: &'static [Document]) -> Box<dyn Observer> {
        self.events.observer(documents)
    }

    /// Answers from now on, in a thread of its own, with the rights that this one has left. Returns
    /// the page that it answers with, the first time.
    ///
    /// # Errors
    ///
    /// There can be no other thread.
    pub(crate) fn serve(&self) -> Result<Option<Arc<Page>>> {
        let Some((socket, registry)) = self.waiting.borrow_mut().take() else {
            return Ok(None);
        };
        let page = Arc::new(Page::new(registry));
        let Some(socket) = socket else {
            return Ok(Some(page));
        };
        let served = Arc::clone(&page);
        let thread = thread::Builder::new()
            .name("metrics".into())
            .stack_size(STACK);
        let serve = move || {
            if let Err(err) = serve::serve(&socket, |request| serve::answer(request, &served)) {
                log::warn!("metrics are no longer served: {err:#}");
            }
        };
        thread
            .spawn(serve)
            .context("failed to start the thread for metrics")?;
        Ok(Some(page))
    }

    fn register(&self, register: impl FnOnce(&mut Registry)) {
        if let Some((_, registry)) = &mut *self.waiting.borrow_mut() {
            register(registry.sub_registry_with_prefix(PREFIX));
        }
    }
}
