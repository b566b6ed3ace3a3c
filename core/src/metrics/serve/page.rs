//! The page of metrics, in the two formats that Prometheus reads.

use std::fmt;

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;

/// How the page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics
    Open,
    /// Prometheus's own
    Plain,
}

impl Format {
    /// Its media type, as a reader names it in `Accept`.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text",
            Self::Plain => "text/plain",
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// What is served.
#[derive(Debug)]
pub(crate) struct Page(Registry);

impl Page {
    pub(crate) fn new(registry: Registry) -> Self {
        Self(registry)
    }

    /// Its text as OpenMetrics has it.
    #[cfg(feature = "otlp")]
    pub(crate) fn open_metrics(&self) -> Result<String, fmt::Error> {
        self.text(Format::Open)
    }

    /// Its text as of now.
    pub(crate) fn text(&self, format: Format) -> Result<String, fmt::Error> {
        let mut page = String::new();
        match format {
            Format::Open => text::encode(&mut page, &self.0)?,
            Format::Plain => prometheus_text::encode(&mut page, &self.0)?,
        }
        Ok(page)
    }
}
