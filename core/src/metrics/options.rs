use std::time::Duration;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args as _, Command};

use super::events::{self, ByField, Measure};
use super::serve::Address;
use crate::events::seconds;
use crate::output::Document;

/// The options of every app that has metrics.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Serve metrics for Prometheus at ADDRESS: IP:PORT, unix:PATH, or systemd for its socket
    #[arg(long, value_name = "ADDRESS", help_heading = HEADING)]
    metrics: Option<Address>,

    /// Count events by these fields of their documents, such as comm,exit_code
    #[arg(
        long, value_name = "FIELDS", value_delimiter = ',', requires = EXPORTER,
        help_heading = HEADING
    )]
    metrics_label: Vec<String>,

    /// Serve a histogram of each of these fields, such as duration_ns
    #[arg(
        long, value_name = "FIELDS", value_delimiter = ',', requires = EXPORTER,
        value_parser = unknown, help_heading = HEADING
    )]
    metrics_histogram: Vec<Measure>,

    /// Keep up to N series of values of those fields; further values are counted as `other`
    #[arg(
        long, value_name = "N", default_value_t = 1000, requires = EXPORTER,
        value_parser = clap::value_parser!(u32).range(1..), help_heading = HEADING
    )]
    metrics_series: u32,

    /// Drop such a series if it has not changed for SECONDS
    #[arg(
        long, value_name = "SECONDS", default_value = "3600", requires = EXPORTER,
        value_parser = seconds, help_heading = HEADING
    )]
    metrics_expiry: Duration,
}

const HEADING: &str = "Metrics";

/// The options that bring metrics to somebody.
pub(crate) const EXPORTER: &str = "exporter";

/// The options about fields of documents.
const BY_FIELD: [&str; 4] = [
    "metrics_label",
    "metrics_histogram",
    "metrics_series",
    "metrics_expiry",
];

/// Until the documents are known.
fn unknown(_: &str) -> Result<Measure> {
    bail!("no such field")
}

impl Arguments {
    /// Adds the options to the command of an app with these documents.
    pub(crate) fn augment(command: Command, documents: &'static [Document]) -> Command {
        let label = move |name: &str| events::label(name, documents);
        let number = move |name: &str| Measure::parse(name, documents);
        let exporter = ArgGroup::new(EXPORTER).arg("metrics").multiple(true);
        let command = Self::augment_args(command)
            .group(exporter)
            .mut_arg("metrics_label", |arg| arg.value_parser(label))
            .mut_arg("metrics_histogram", |arg| arg.value_parser(number));
        // without documents there are no fields to choose from
        BY_FIELD.into_iter().fold(command, |command, option| {
            command.mut_arg(option, |arg| arg.hide(documents.is_empty()))
        })
    }

    /// What is served or sent of the app of that name, if anything is.
    pub(crate) fn served(self, app: &'static str, are_sent: bool) -> Option<Served> {
        if self.metrics.is_none() && !are_sent {
            return None;
        }
        let by_field = ByField {
            labels: self.metrics_label,
            histograms: self.metrics_histogram,
            most: self.metrics_series as usize,
            expiry: self.metrics_expiry,
        };
        Some(Served {
            app,
            address: self.metrics,
            by_field,
        })
    }
}

/// Whose metrics are served or sent, which, and where.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(super) app: &'static str,
    pub(super) address: Option<Address>,
    pub(super) by_field: ByField,
}
