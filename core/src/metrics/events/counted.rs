//! What programs count by key: the counts of the last list, with the fields of the key as labels.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use serde_json::{Map, Value};

use super::by_field::Measure;
use super::series::{OTHER, text};
use crate::output::values::Buckets;
use crate::output::{Document, Field, Kind, Observer};

/// The number of bounds of a histogram by powers of two, each four times the one before.
const BOUNDS: u32 = 16;

/// The first of them, as a power of two: 1 µs for times.
const LEAST_NS: u32 = 10;

/// The number of buckets of `bpfapps_linear`.
const LINEAR: usize = 64;

type Labels = Vec<(&'static str, String)>;

/// The counts of keys, by their labels.
type Series = BTreeMap<Labels, Vec<Count>>;

/// What is served.
#[derive(Debug)]
pub(super) struct Counted {
    served: Mutex<(Vec<Metric>, Series)>,
    /// The number of keys with a series of their own.
    most: usize,
}

impl Counted {
    pub(super) fn new(most: usize) -> Self {
        Self {
            served: Mutex::default(),
            most,
        }
    }
}

/// A count or a histogram, as a metric.
#[derive(Clone, Debug)]
struct Metric {
    field: &'static str,
    kind: Kind,
    measure: Measure,
}

impl Metric {
    fn of(document: &Document, field: &'static Field) -> Self {
        let mut measure = Measure::of(field.name, field.about);
        let stem = measure.name.trim_start_matches("event_");
        measure.name = match stem == document.kind {
            true => stem.to_owned(),
            false => format!("{}_{stem}", document.kind),
        };
        Self {
            field: field.name,
            kind: field.kind,
            measure,
        }
    }

    /// The largest value of each bucket but the last: the same for all keys, and at any time.
    fn bounds(&self) -> Vec<u64> {
        match self.kind {
            Kind::Histogram(Buckets::Log2) => {
                let least = if self.measure.scale < 1.0 {
                    LEAST_NS
                } else {
                    0
                };
                let bounds = (0..BOUNDS).map(|index| (1_u64 << (least + 2 * index)) - 1);
                bounds.collect()
            }
            Kind::Histogram(linear) => (1..LINEAR)
                .map(|index| linear.from(index).saturating_sub(1))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The value of a metric.
#[derive(Clone, Debug, Default)]
struct Count {
    /// Of a histogram, the number of values.
    count: u64,
    sum: u64,
    /// The number of values up to each bound, and above the last one.
    buckets: Vec<u64>,
}

impl Count {
    fn of(metric: &Metric, document: &Map<String, Value>) -> Self {
        let number = |name: &str| document.get(name).and_then(Value::as_u64).unwrap_or(0);
        let field = metric.field;
        if metric.kind == Kind::Counter {
            return Self {
                count: number(field),
                ..Self::default()
            };
        }
        let bounds = metric.bounds();
        let mut buckets = vec![0; bounds.len() + 1];
        let numbers = |name: String| {
            let list = document.get(&name).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_u64)
        };
        let from = numbers(format!("{field}_from"));
        for (from, count) in from.zip(numbers(format!("{field}_buckets"))) {
            buckets[bounds.partition_point(|bound| *bound < from)] += count;
        }
        Self {
            count: number(&format!("{field}_count")),
            sum: number(&format!("{field}_sum")),
            buckets,
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.buckets.resize(other.buckets.len(), 0);
        for (bucket, other) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += other;
        }
    }
}

/// The counts of a list that has not ended yet.
#[derive(Debug)]
pub(super) struct Counts {
    labels: Vec<&'static str>,
    metrics: Vec<Metric>,
    series: Series,
    counted: Arc<Counted>,
}

impl Counts {
    /// Of documents of this type.
    pub(super) fn of(document: &'static Document, counted: &Arc<Counted>) -> Self {
        let metrics = document.fields.iter().filter(|field| field.is_count());
        let metrics: Vec<_> = metrics.map(|field| Metric::of(document, field)).collect();
        // of the key is what comes before the counts
        let key = document.fields.iter().take_while(|field| !field.is_count());
        let served = counted.served.lock();
        served.unwrap_or_else(PoisonError::into_inner).0 = metrics.clone();
        Self {
            labels: key.map(|field| field.name).collect(),
            metrics,
            series: Series::new(),
            counted: Arc::clone(counted),
        }
    }
}

impl Observer for Counts {
    fn reads_documents(&self) -> bool {
        true
    }

    fn observe(&mut self, _: &str, document: &[u8]) {
        // it was made a moment ago: it is JSON
        let Ok(document) = serde_json::from_slice::<Map<String, Value>>(document) else {
            return;
        };
        let is_other = document.contains_key("other") || self.series.len() >= self.counted.most;
        let labels = self.labels.iter().map(|name| match is_other {
            true => (*name, OTHER.to_owned()),
            false => (*name, document.get(*name).map_or(String::new(), text)),
        });
        let none = || vec![Count::default(); self.metrics.len()];
        let counts = self.series.entry(labels.collect()).or_insert_with(none);
        for (count, metric) in counts.iter_mut().zip(&self.metrics) {
            count.add(&Count::of(metric, &document));
        }
    }

    fn end_list(&mut self) {
        let series = std::mem::take(&mut self.series);
        let served = self.counted.served.lock();
        served.unwrap_or_else(PoisonError::into_inner).1 = series;
    }
}

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // a list does not wait for a scrape
        let served = self.served.lock();
        let (metrics, series) = served.unwrap_or_else(PoisonError::into_inner).clone();
        for (index, metric) in metrics.iter().enumerate() {
            let is_counter = metric.kind == Kind::Counter;
            let kind = if is_counter {
                MetricType::Counter
            } else {
                MetricType::Histogram
            };
            let Measure {
                name,
                about,
                unit,
                scale,
                ..
            } = &metric.measure;
            let mut family = encoder.encode_descriptor(name, about, unit.as_ref(), kind)?;
            let bounds = metric
                .bounds()
                .into_iter()
                .map(|bound| bound as f64 * scale);
            let bounds: Vec<_> = bounds.chain([f64::INFINITY]).collect();
            for (labels, counts) in &series {
                let Count {
                    count,
                    sum,
                    buckets,
                } = &counts[index];
                let mut one = family.encode_family(labels)?;
                if is_counter {
                    one.encode_counter::<NoLabelSet, _, u64>(count, None)?;
                    continue;
                }
                let buckets = bounds.iter().copied().zip(buckets.iter().copied());
                let buckets: Vec<_> = buckets.collect();
                one.encode_histogram::<NoLabelSet>(*sum as f64 * scale, *count, &buckets, None)?;
            }
        }
        Ok(())
    }
}
