use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::output::Document;

/// How many events of each type were reported.
#[derive(Debug, Default)]
pub(super) struct Types(Mutex<BTreeMap<&'static str, Arc<AtomicU64>>>);

impl Types {
    /// The counts of these documents' types.
    pub(super) fn counts(&self, documents: &[Document]) -> Vec<(&'static str, Arc<AtomicU64>)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds = documents.iter().map(|document| document.kind);
        kinds
            .map(|kind| (kind, Arc::clone(all.entry(kind).or_default())))
            .collect()
    }
}

impl Collector for Types {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Events reported, by the type of their document.";
        let mut metric = encoder.encode_descriptor("events", about, None, MetricType::Counter)?;
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in &*all {
            let labels = [("type", *kind)];
            let mut metric = metric.encode_family(&labels)?;
            let count = count.load(Ordering::Relaxed);
            metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }
}
