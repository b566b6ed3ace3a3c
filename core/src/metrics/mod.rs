//! What `--metrics` serves: the counts of a run, for Prometheus.
//!
//! The thread that serves them starts once privileges are given up, as capabilities belong to
//! threads. It reads what the loop of events counts anyway, or what the kernel counts: a scrape
//! holds nothing up.

mod address;
mod http;
mod losses;
mod page;
mod process;
mod programs;
mod ring;
mod server;

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::thread;

use anyhow::{Context, Result};
use libbpf_rs::{MapCore, Object};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::events::Counters;
use crate::output::Document;
use page::Page;

pub(crate) use address::Address;

/// What the counters in memory are multiplied by: nothing.
type Count = Counter<u64, AtomicU64>;

/// The prefix of all names but `process_…`.
const PREFIX: &str = "bpfapps";

/// Stack of the thread, which formats a page and no more.
const STACK: usize = 256 * 1024;

/// The options of every app that has metrics.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Serve metrics for Prometheus at ADDRESS: IP:PORT, unix:PATH, or systemd for its socket
    #[arg(long, value_name = "ADDRESS", display_order = 99)]
    metrics: Option<Address>,
}

impl Arguments {
    /// What is served of the app of that name, if anything is.
    pub(crate) fn served(self, app: &'static str) -> Option<Served> {
        let address = self.metrics?;
        Some(Served { app, address })
    }
}

/// Whose metrics are served, and where.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    app: &'static str,
    address: Address,
}

/// The metrics of a run.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Until they are served.
    waiting: RefCell<Option<(OwnedFd, Registry)>>,
    events: Family<[(&'static str, String); 1], Count>,
    /// The kernel measures programs only while this is open.
    _statistics: Option<OwnedFd>,
}

impl Metrics {
    /// Opens the socket; nothing is answered yet.
    ///
    /// # Errors
    ///
    /// The address is taken, or not ours.
    pub(crate) fn start(served: &Served) -> Result<Self> {
        let socket = served.address.listen()?;
        let label = ("app".into(), served.app.into());
        let mut registry = Registry::with_labels([label].into_iter());
        registry.register_collector(Box::new(process::Process::own()?));
        let own = registry.sub_registry_with_prefix(PREFIX);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        own.register("build", "The program that reports", Info::new(version));
        let ready = ConstGauge::new(1_u64);
        own.register("ready", "1 once no event is missed any more", ready);
        let events = Family::default();
        own.register(
            "events",
            "Events reported, by the type of their document",
            Family::clone(&events),
        );
        Ok(Self {
            waiting: RefCell::new(Some((socket, registry))),
            events,
            _statistics: programs::measure(),
        })
    }

    /// Serves what the kernel counts of the programs of a loaded object.
    pub(crate) fn watch_programs(&self, object: &Object) {
        let measured = self._statistics.is_some();
        self.register(|own| programs::register(own, object, measured));
    }

    /// Serves the counters of losses.
    ///
    /// # Errors
    ///
    /// It is not known how many CPUs there are.
    pub(crate) fn watch_losses(&self, counters: Counters) -> Result<()> {
        let losses = losses::Losses::of(counters)?;
        self.register(|own| own.register_collector(Box::new(losses)));
        Ok(())
    }

    /// Serves how full a ring buffer is.
    ///
    /// # Errors
    ///
    /// It can't be mapped.
    pub(crate) fn watch_ring(&self, map: &impl MapCore) -> Result<()> {
        let ring = ring::Ring::map(map)?;
        let size = ConstGauge::new(ring.bytes());
        self.register(|own| {
            own.register_with_unit("ring", "Size of the ring buffer", Unit::Bytes, size);
            own.register_collector(Box::new(ring));
        });
        Ok(())
    }

    /// A counter for the events of each of these types.
    pub(crate) fn counts(&self, documents: &[Document]) -> Counts {
        let counter = |kind: &str| {
            self.events
                .get_or_create_owned(&[("type", kind.to_owned())])
        };
        let kinds = documents.iter().map(|document| document.kind);
        Counts(kinds.map(|kind| (kind, counter(kind))).collect())
    }

    /// Answers from now on, in a thread of its own, with the rights that this one has left.
    ///
    /// # Errors
    ///
    /// There can be no other thread.
    pub(crate) fn serve(&self) -> Result<()> {
        let Some((socket, registry)) = self.waiting.borrow_mut().take() else {
            return Ok(());
        };
        let page = Page::new(registry);
        let thread = thread::Builder::new()
            .name("metrics".into())
            .stack_size(STACK);
        let serve = move || {
            if let Err(err) = server::serve(&socket, |request| http::answer(request, &page)) {
                log::warn!("metrics are no longer served: {err:#}");
            }
        };
        thread
            .spawn(serve)
            .context("failed to start the thread for metrics")?;
        Ok(())
    }

    fn register(&self, register: impl FnOnce(&mut Registry)) {
        if let Some((_, registry)) = &mut *self.waiting.borrow_mut() {
            register(registry.sub_registry_with_prefix(PREFIX));
        }
    }
}

/// How many events of each type there were.
#[derive(Debug)]
pub(crate) struct Counts(Vec<(&'static str, Count)>);

impl Counts {
    /// There was one more.
    #[inline]
    pub(crate) fn add(&self, kind: &str) {
        // an enumerator that the header does not name has no document
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == kind) {
            counter.inc();
        }
    }
}
