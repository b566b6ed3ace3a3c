//! Counts of events: by type, and by fields of their documents.

mod by_field;
mod counted;
mod pick;
mod series;
mod types;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::registry::Registry;

use crate::output::{Document, Observer};
use counted::{Counted, Counts};
use series::AllSeries;
use types::Types;

pub(super) use by_field::{ByField, Measure, label};

/// What is counted of events.
#[derive(Debug)]
pub(super) struct Events {
    types: Arc<Types>,
    series: Option<Arc<AllSeries>>,
    counted: Arc<Counted>,
}

impl Events {
    /// Serves them.
    pub(super) fn register(by_field: &ByField, registry: &mut Registry) -> Self {
        let types = Arc::new(Types::default());
        registry.register_collector(Box::new(Arc::clone(&types)));
        let series = (!by_field.is_empty()).then(|| Arc::new(AllSeries::new(by_field.clone())));
        if let Some(series) = &series {
            registry.register_collector(Box::new(Arc::clone(series)));
        }
        let counted = Arc::new(Counted::new(by_field.most));
        registry.register_collector(Box::new(Arc::clone(&counted)));
        Self {
            types,
            series,
            counted,
        }
    }

    /// True if fields of documents are counted.
    pub(super) fn reads_documents(&self) -> bool {
        self.series.is_some()
    }

    /// Counts events of these types.
    pub(super) fn observer(&self, documents: &'static [Document]) -> Box<dyn Observer> {
        if let Some(counts) = documents.iter().find(|document| document.is_counts()) {
            return Box::new(Counts::of(counts, &self.counted));
        }
        Box::new(Observed {
            types: self.types.counts(documents),
            series: self.series.clone(),
        })
    }
}

#[derive(Debug)]
struct Observed {
    types: Vec<(&'static str, Arc<AtomicU64>)>,
    series: Option<Arc<AllSeries>>,
}

impl Observer for Observed {
    fn reads_documents(&self) -> bool {
        self.series.is_some()
    }

    fn observe(&mut self, kind: &str, document: &[u8]) {
        // an enumerator that the header does not name has no document
        if let Some((_, count)) = self.types.iter().find(|(known, _)| *known == kind) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(series) = &self.series {
            series.add(kind, document);
        }
    }
}
