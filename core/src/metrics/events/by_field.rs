//! The fields of documents of which metrics are made.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bpfapps_explain::nearest;
use prometheus_client::registry::Unit;

use crate::output::{Document, Field, Kind};

/// What else a metric has for a label.
const TAKEN: [&str; 3] = ["app", "type", "le"];

/// Metrics by field, as they were asked for.
#[derive(Clone, Debug)]
pub(crate) struct ByField {
    /// The fields that are labels.
    pub(crate) labels: Vec<String>,
    /// The fields of which there are histograms.
    pub(crate) histograms: Vec<Measure>,
    /// Number of series.
    pub(crate) most: usize,
    /// How long a series stays that does not change.
    pub(crate) expiry: Duration,
}

impl ByField {
    /// True if none was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.histograms.is_empty()
    }
}

/// A field of these documents that can be a label.
///
/// # Errors
///
/// They have no such field, or it can't be one.
pub(crate) fn label(name: &str, documents: &'static [Document]) -> Result<String> {
    let field = field(name, documents)?;
    if matches!(field.kind, Kind::Texts | Kind::Numbers) {
        bail!("a list can't be a label");
    }
    if TAKEN.contains(&name) {
        bail!("metrics have another label of this name");
    }
    Ok(name.to_owned())
}

/// A field whose numbers are in a histogram.
#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(super) field: String,
    /// The name of the metric, without its unit.
    pub(super) name: String,
    pub(super) about: &'static str,
    pub(super) unit: Option<Unit>,
    /// The field's unit in units of the metric.
    pub(super) scale: f64,
}

impl Measure {
    /// The numbers in a field of these documents.
    ///
    /// # Errors
    ///
    /// They have no such field, or it is no number.
    pub(crate) fn parse(name: &str, documents: &'static [Document]) -> Result<Self> {
        let field = field(name, documents)?;
        if !matches!(field.kind, Kind::Number | Kind::Decimal | Kind::Any) {
            bail!("no number, of which there could be a histogram");
        }
        Ok(Self::of(name, field.about))
    }

    /// Metrics are in base units: a field that ends in `_ns` is in seconds.
    pub(super) fn of(name: &str, about: &'static str) -> Self {
        let units = [
            ("_ns", Unit::Seconds, 1e-9),
            ("_us", Unit::Seconds, 1e-6),
            ("_ms", Unit::Seconds, 1e-3),
            ("_seconds", Unit::Seconds, 1.0),
            ("_bytes", Unit::Bytes, 1.0),
        ];
        let known = units.into_iter().find_map(|(suffix, unit, scale)| {
            Some((name.strip_suffix(suffix)?, Some(unit), scale))
        });
        let (stem, unit, scale) = known.unwrap_or((name, None, 1.0));
        Self {
            field: name.to_owned(),
            name: format!("event_{stem}"),
            about,
            unit,
            scale,
        }
    }
}

fn field(name: &str, documents: &'static [Document]) -> Result<&'static Field> {
    if documents.iter().any(Document::is_counts) {
        bail!("it counts by key, and each field of the key is a label already");
    }
    let fields = documents.iter().flat_map(|document| document.fields);
    let found = fields.clone().find(|field| match field.kind {
        Kind::Any => name.starts_with(field.name),
        _ => name == field.name,
    });
    found.with_context(|| {
        let mut names: Vec<_> = fields.map(|field| field.name).collect();
        names.sort_unstable();
        names.dedup();
        match nearest(name, names.iter().copied()).first() {
            Some(near) => format!("no such field; a similar one is `{near}`"),
            None if names.is_empty() => "its documents have no fields".to_owned(),
            None => format!("no such field; there are {}", names.join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: &[Document] = &[Document {
        kind: "exit",
        about: "",
        fields: &[
            Field::text("comm", "The name"),
            Field::number("duration_ns", "How long it ran"),
            Field::texts("args", "Arguments"),
            Field::number("app", "A number"),
            Field::any("x_", "Anything"),
        ],
    }];

    #[test]
    fn only_fields_that_are_there_become_metrics() {
        let label = |name| label(name, DOCUMENTS).map_err(|err| err.to_string());
        assert_eq!(label("comm"), Ok("comm".to_owned()));
        assert_eq!(label("x_any"), Ok("x_any".to_owned()));
        let similar = "no such field; a similar one is `comm`";
        assert_eq!(label("com"), Err(similar.to_owned()));
        for name in ["args", "app", ""] {
            assert!(label(name).is_err(), "{name}");
        }
        let is_number = |name| Measure::parse(name, DOCUMENTS).is_ok();
        assert!(is_number("duration_ns") && is_number("x_any"));
        assert!(!is_number("comm") && !is_number("none"));
    }

    #[test]
    fn numbers_are_in_base_units() {
        let named = |name| {
            let measure = Measure::of(name, "");
            let unit = measure.unit.map(|unit| unit.as_str().to_owned());
            (measure.name, unit.unwrap_or_default(), measure.scale)
        };
        let is = |name: &str, unit: &str, scale| (name.to_owned(), unit.to_owned(), scale);
        assert_eq!(named("duration_ns"), is("event_duration", "seconds", 1e-9));
        assert_eq!(named("size_bytes"), is("event_size", "bytes", 1.0));
        assert_eq!(named("port"), is("event_port", "", 1.0));
    }
}
