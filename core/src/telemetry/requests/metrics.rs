//! The page of metrics as OTLP metrics.

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::values::{attribute, nanoseconds, scope};

/// A request with what stands on a page of OpenMetrics; its counters began at `start`.
pub(in crate::telemetry) fn request(
    app: &str,
    resource: &Resource,
    page: &str,
    start: Timestamp,
) -> ExportMetricsServiceRequest {
    let times = [start, Timestamp::now()].map(nanoseconds);
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope(app)),
                metrics: families(page)
                    .into_iter()
                    .map(|it| it.metric(times))
                    .collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

/// A metric with all its series, as the page has it.
#[derive(Debug, Default)]
struct Family<'p> {
    name: &'p str,
    kind: &'p str,
    unit: &'p str,
    about: &'p str,
    samples: Vec<Sample<'p>>,
}

#[derive(Debug)]
struct Sample<'p> {
    /// What follows the family's name: `_total`, `_bucket`.
    suffix: &'p str,
    labels: Vec<(&'p str, String)>,
    value: f64,
}

/// Each family comes in one piece, its description first.
fn families(page: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in page.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (Some(what), Some(name)) = (words.next(), words.next()) else {
                continue;
            };
            if families.last().is_none_or(|family| family.name != name) {
                families.push(Family {
                    name,
                    ..Family::default()
                });
            }
            let text = words.next().unwrap_or_default();
            if let Some(family) = families.last_mut() {
                match what {
                    "TYPE" => family.kind = text,
                    "UNIT" => family.unit = text,
                    _ => family.about = text,
                }
            }
        } else if let Some(family) = families.last_mut()
            && let Some(sample) = Sample::parse(line, family.name)
        {
            family.samples.push(sample);
        }
    }
    families
}

impl<'p> Sample<'p> {
    /// `name_total{label="value"} 1`
    fn parse(line: &'p str, family: &str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, mut rest) = series.split_once('{').unwrap_or((series, "}"));
        let mut labels = Vec::new();
        while let Some((label, behind)) = rest.split_once("=\"") {
            let (text, end) = quoted(behind)?;
            labels.push((label.trim_start_matches(','), text));
            rest = &behind[end..];
        }
        Some(Self {
            suffix: name.strip_prefix(family)?,
            labels,
            value: value.parse().ok()?,
        })
    }

    fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| *label == name);
        found.map(|(_, text)| text.as_str())
    }

    /// Its labels but the bound of a bucket.
    fn attributes(&self) -> Vec<KeyValue> {
        let labels = self.labels.iter().filter(|(name, _)| *name != "le");
        labels
            .map(|(name, text)| attribute(name, &text.as_str().into()))
            .collect()
    }
}

/// Text up to its closing quote, and where that ends.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((plain, at + 1)),
            '\\' => match chars.next()?.1 {
                'n' => plain.push('\n'),
                other => plain.push(other),
            },
            c => plain.push(c),
        }
    }
    None
}

impl Family<'_> {
    fn metric(&self, times: [u64; 2]) -> Metric {
        let cumulative = AggregationTemporality::Cumulative.into();
        let numbers = || self.samples.iter().map(|sample| number(sample, times));
        let data = match self.kind {
            "counter" => Data::Sum(Sum {
                data_points: numbers().collect(),
                aggregation_temporality: cumulative,
                is_monotonic: true,
            }),
            "histogram" => Data::Histogram(Histogram {
                data_points: self.histograms(times),
                aggregation_temporality: cumulative,
            }),
            _ => Data::Gauge(Gauge {
                data_points: numbers().collect(),
            }),
        };
        let unit = match self.unit {
            "seconds" => "s",
            "bytes" => "By",
            other => other,
        };
        Metric {
            name: self.name.to_owned(),
            description: self.about.to_owned(),
            unit: unit.to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    }

    /// The page has a bucket with all below its bound, OTLP one with those above the one before.
    fn histograms(&self, [start, now]: [u64; 2]) -> Vec<HistogramDataPoint> {
        let mut points: Vec<HistogramDataPoint> = Vec::new();
        let mut below = 0;
        for sample in &self.samples {
            let attributes = sample.attributes();
            if points
                .last()
                .is_none_or(|point| point.attributes != attributes)
            {
                below = 0;
                points.push(HistogramDataPoint {
                    attributes,
                    start_time_unix_nano: start,
                    time_unix_nano: now,
                    ..HistogramDataPoint::default()
                });
            }
            let Some(point) = points.last_mut() else {
                continue;
            };
            let count = sample.value as u64;
            match (sample.suffix, sample.label("le")) {
                ("_sum", _) => point.sum = Some(sample.value),
                ("_count", _) => point.count = count,
                ("_bucket", Some(bound)) => {
                    point.bucket_counts.push(count.saturating_sub(below));
                    below = count;
                    let bound: Option<f64> = bound.parse().ok();
                    point
                        .explicit_bounds
                        .extend(bound.filter(|bound| bound.is_finite()));
                }
                _ => {}
            }
        }
        points
    }
}

fn number(sample: &Sample<'_>, [start, now]: [u64; 2]) -> NumberDataPoint {
    let value = match sample.value {
        whole if whole.fract() == 0.0 => Value::AsInt(whole as i64),
        other => Value::AsDouble(other),
    };
    NumberDataPoint {
        attributes: sample.attributes(),
        start_time_unix_nano: start,
        time_unix_nano: now,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# HELP bpfapps_events Events reported.
# TYPE bpfapps_events counter
bpfapps_events_total{app=\"a\",type=\"ex\\\"ec\"} 7
# HELP bpfapps_wait_seconds Time, spent.
# TYPE bpfapps_wait_seconds histogram
# UNIT bpfapps_wait_seconds seconds
bpfapps_wait_seconds_sum{app=\"a\"} 2.5
bpfapps_wait_seconds_count{app=\"a\"} 5
bpfapps_wait_seconds_bucket{app=\"a\",le=\"1.0\"} 2
bpfapps_wait_seconds_bucket{app=\"a\",le=\"+Inf\"} 5
bpfapps_wait_seconds_sum{app=\"b\"} 0.5
bpfapps_wait_seconds_count{app=\"b\"} 1
bpfapps_wait_seconds_bucket{app=\"b\",le=\"1.0\"} 1
bpfapps_wait_seconds_bucket{app=\"b\",le=\"+Inf\"} 1
# HELP bpfapps_ready Ready.
# TYPE bpfapps_ready gauge
bpfapps_ready 1
# EOF
";

    #[test]
    fn page_becomes_metrics() {
        let start = Timestamp::UNIX_EPOCH;
        let request = request("app", &Resource::default(), PAGE, start);
        let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
        let names: Vec<_> = metrics.iter().map(|metric| &*metric.name).collect();
        assert_eq!(
            names,
            ["bpfapps_events", "bpfapps_wait_seconds", "bpfapps_ready"]
        );
        let Some(Data::Sum(sum)) = &metrics[0].data else {
            panic!("{:?}", metrics[0]);
        };
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(Value::AsInt(7)));
        assert_eq!(point.attributes[1], attribute("type", &"ex\"ec".into()));
        let Some(Data::Histogram(histogram)) = &metrics[1].data else {
            panic!("{:?}", metrics[1]);
        };
        let [one, other] = &histogram.data_points[..] else {
            panic!("{histogram:?}");
        };
        assert_eq!((one.count, one.sum), (5, Some(2.5)));
        assert_eq!(
            (&*one.bucket_counts, &*one.explicit_bounds),
            (&[2, 3][..], &[1.0][..])
        );
        assert_eq!((&*other.bucket_counts, other.count), (&[1, 0][..], 1));
        assert_eq!(metrics[1].unit, "s");
        assert!(matches!(metrics[2].data, Some(Data::Gauge(_))));
    }
}
