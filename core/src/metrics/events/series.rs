//! Events by the values of their fields.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use serde_json::Value;

use super::by_field::{ByField, Measure};
use super::pick::pick;

/// The value of each label of events that have no series of their own.
pub(super) const OTHER: &str = "other";

/// Series are searched for expired ones at most this often, if there is no room for one more.
const SEARCH: Duration = Duration::from_secs(1);

/// Counts and histograms of events, by type and by the fields that are labels.
#[derive(Debug)]
pub(super) struct AllSeries {
    by_field: ByField,
    held: Mutex<Held>,
    /// Events that were counted as [`OTHER`].
    over: AtomicU64,
}

#[derive(Debug)]
struct Held {
    /// By their labels, with the time of the last event.
    series: HashMap<Labels, (Instant, Arc<Series>)>,
    /// When expired ones were last looked for.
    searched: Instant,
}

type Labels = Vec<(String, String)>;

#[derive(Debug)]
struct Series {
    count: AtomicU64,
    /// Of those events that have the field.
    histograms: Vec<OnceLock<Histogram>>,
}

impl AllSeries {
    pub(super) fn new(by_field: ByField) -> Self {
        Self {
            by_field,
            held: Mutex::new(Held {
                series: HashMap::new(),
                searched: Instant::now(),
            }),
            over: AtomicU64::new(0),
        }
    }

    /// Counts an event.
    pub(super) fn add(&self, kind: &str, document: &[u8]) {
        let labels = self.by_field.labels.iter().map(String::as_str);
        let measures = self.by_field.histograms.iter();
        let fields = measures.map(|measure| measure.field.as_str());
        let values = pick(document, labels.chain(fields));
        let (labels, numbers) = values.split_at(self.by_field.labels.len());
        let series = self.series(self.labels(kind, labels.iter().map(text)));
        series.count.fetch_add(1, Ordering::Relaxed);
        let measured = self.by_field.histograms.iter().zip(numbers);
        for ((measure, number), histogram) in measured.zip(&series.histograms) {
            if let Some(number) = number.as_f64() {
                let histogram = histogram.get_or_init(|| measure.histogram());
                histogram.observe(number * measure.scale);
            }
        }
    }

    fn labels(&self, kind: &str, values: impl Iterator<Item = String>) -> Labels {
        let names = self.by_field.labels.iter().cloned();
        let kind = ("type".to_owned(), kind.to_owned());
        [kind].into_iter().chain(names.zip(values)).collect()
    }

    fn series(&self, mut labels: Labels) -> Arc<Series> {
        let now = Instant::now();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.series.contains_key(&labels) && held.series.len() >= self.by_field.most {
            if now.duration_since(held.searched) > SEARCH {
                held.searched = now;
                self.drop_expired(&mut held, now);
            }
            if held.series.len() >= self.by_field.most {
                self.over.fetch_add(1, Ordering::Relaxed);
                let other = self.by_field.labels.iter().map(|_| OTHER.to_owned());
                labels = self.labels(&labels[0].1, other);
            }
        }
        let none = || Series {
            count: AtomicU64::new(0),
            histograms: vec![OnceLock::new(); self.by_field.histograms.len()],
        };
        let series = held.series.entry(labels);
        let (changed, series) = series.or_insert_with(|| (now, none().into()));
        *changed = now;
        Arc::clone(series)
    }

    fn drop_expired(&self, held: &mut Held, now: Instant) {
        held.series
            .retain(|_, (changed, _)| now.duration_since(*changed) <= self.by_field.expiry);
    }
}

impl Measure {
    /// 16 buckets, each four times as wide as the one before: 1 µs to 18 minutes, or 1 to a
    /// thousand million.
    fn histogram(&self) -> Histogram {
        let least = if self.scale < 1.0 { 1e-6 } else { 1.0 };
        Histogram::new(exponential_buckets(least, 4.0, 16))
    }
}

/// A value as a label.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Collector for AllSeries {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // the loop of events waits for a copy of references at most, not for a scrape
        let mut all: Vec<_> = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            self.drop_expired(&mut held, Instant::now());
            let series = held.series.iter();
            series
                .map(|(labels, (_, series))| (labels.clone(), Arc::clone(series)))
                .collect()
        };
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));

        if !self.by_field.labels.is_empty() {
            let about = "Events reported, by the fields that --metrics-label names.";
            let kind = MetricType::Counter;
            let mut metric = encoder.encode_descriptor("events_by_field", about, None, kind)?;
            for (labels, series) in &all {
                let count = series.count.load(Ordering::Relaxed);
                let mut metric = metric.encode_family(labels)?;
                metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        for (index, measure) in self.by_field.histograms.iter().enumerate() {
            let unit = measure.unit.as_ref();
            let kind = MetricType::Histogram;
            let mut metric = encoder.encode_descriptor(&measure.name, measure.about, unit, kind)?;
            for (labels, series) in &all {
                if let Some(histogram) = series.histograms[index].get() {
                    histogram.encode(metric.encode_family(labels)?)?;
                }
            }
        }
        let about = "Events that were counted as `other`, as there were --metrics-series already.";
        encoder
            .encode_descriptor("events_over_series", about, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, u64>(&self.over.load(Ordering::Relaxed), None)
    }
}
