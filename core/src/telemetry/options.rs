use std::env;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail, ensure};
use clap::{Args as _, Command};
use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::events::{bytes, seconds};
use crate::metrics::EXPORTER;
use crate::output::Document;

/// The options of every app that has telemetry.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Send events and metrics to the OpenTelemetry receiver at URL, such as http://127.0.0.1:4318,
    /// or to the one that the environment names (env)
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    otlp: Option<Endpoint>,

    /// Send each event that has a duration as a span as well: a process from exec to exit, below
    /// that of its parent
    #[arg(long, requires = "otlp", help_heading = HEADING)]
    otlp_spans: bool,

    /// Keep up to BYTES of events that are not sent yet; further ones are lost
    #[arg(
        long, value_name = "BYTES", default_value = "4M", requires = "otlp",
        value_parser = bytes, help_heading = HEADING
    )]
    otlp_queue: u64,

    /// Wait up to SECONDS for each answer, and at the end for all of them
    #[arg(
        long, value_name = "SECONDS", default_value = "10", requires = "otlp",
        value_parser = seconds, help_heading = HEADING
    )]
    otlp_timeout: Duration,
}

const HEADING: &str = "OpenTelemetry";

impl Arguments {
    /// Adds the options to the command of an app with these documents.
    pub(crate) fn augment(command: Command, documents: &[Document]) -> Command {
        let command = Self::augment_args(command).mut_group(EXPORTER, |group| group.arg("otlp"));
        if !documents.is_empty() {
            return command;
        }
        let nothing = |_: &str| -> Result<Endpoint> { bail!("it has no events to send") };
        ["otlp", "otlp_queue", "otlp_spans", "otlp_timeout"]
            .into_iter()
            .fold(command, |command, option| {
                command.mut_arg(option, |arg| arg.hide(true))
            })
            .mut_arg("otlp", |arg| arg.value_parser(nothing))
    }

    /// What is sent of the app of that name, if anything is.
    pub(crate) fn sent(self, app: &'static str) -> Option<Sent> {
        let endpoint = self.otlp?;
        Some(Sent {
            app,
            endpoint,
            spans: self.otlp_spans,
            queue: self.otlp_queue,
            timeout: self.otlp_timeout,
        })
    }
}

/// Whose events are sent, and where.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(super) app: &'static str,
    pub(super) endpoint: Endpoint,
    /// Whether events are spans, too.
    pub(super) spans: bool,
    /// Bytes of events that wait.
    pub(super) queue: u64,
    pub(super) timeout: Duration,
}

/// Where logs, metrics and spans are sent:
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) logs: Target,
    pub(super) metrics: Target,
    pub(super) traces: Target,
    /// Time between two requests with metrics.
    pub(super) interval: Duration,
}

/// Where one signal is sent.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: Uri,
    /// From the environment, as they may be secret.
    pub(super) headers: Vec<(String, String)>,
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let variable = |name: &str| env::var(format!("OTEL_{name}")).ok();
        Self::parse(text, |name| variable(name).filter(|text| !text.is_empty()))
    }
}

impl Endpoint {
    /// `variable` looks up what is behind `OTEL_`.
    fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let interval = match variable("METRIC_EXPORT_INTERVAL") {
            Some(text) => text
                .parse()
                .ok()
                .filter(|ms| *ms > 0)
                .context("OTEL_METRIC_EXPORT_INTERVAL is no number of milliseconds")?,
            None => 60_000,
        };
        Ok(Self {
            logs: Target::parse(text, "logs", &variable)?,
            metrics: Target::parse(text, "metrics", &variable)?,
            traces: Target::parse(text, "traces", &variable)?,
            interval: Duration::from_millis(interval),
        })
    }
}

impl Target {
    fn parse(text: &str, signal: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        // of both signals, or of this one
        let names = |name: &str| {
            let own = signal.to_ascii_uppercase();
            [
                format!("EXPORTER_OTLP_{own}_{name}"),
                format!("EXPORTER_OTLP_{name}"),
            ]
        };
        let either = |name: &str| names(name).iter().find_map(|name| variable(name));
        if let Some(other) = either("PROTOCOL").filter(|protocol| protocol != "http/protobuf") {
            bail!("OTEL_EXPORTER_OTLP_PROTOCOL is {other}: only http/protobuf is spoken");
        }
        let below = |base: &str| format!("{}/v1/{signal}", base.trim_end_matches('/'));
        let [own, both] = names("ENDPOINT");
        let url = match text {
            "env" => variable(&own)
                .or_else(|| variable(&both).map(|base| below(&base)))
                .with_context(|| format!("neither OTEL_{both} nor OTEL_{own} is set"))?,
            base => below(base),
        };
        let url: Uri = url.parse().context("not a URL")?;
        match url.scheme_str() {
            Some("http") => {}
            Some("https") if cfg!(feature = "otlp-tls") => {}
            Some("https") => bail!(
                "https needs a binary with the cargo feature otlp-tls: else send to a collector on \
                 this machine"
            ),
            _ => bail!("not a URL such as http://127.0.0.1:4318"),
        }
        let host = url.host().filter(|host| !host.is_empty());
        host.context("names no host")?;
        let headers = either("HEADERS").unwrap_or_default();
        let headers = pairs(&headers).context("OTEL_EXPORTER_OTLP_HEADERS")?;
        for (name, value) in &headers {
            let is_valid =
                name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok();
            ensure!(
                is_valid,
                "OTEL_EXPORTER_OTLP_HEADERS: {name:?} is no header of HTTP"
            );
        }
        Ok(Self { url, headers })
    }
}

/// `name=value` pairs with commas between them, their values percent-encoded.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let pairs = text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    let parsed = pairs.map(|pair| {
        let (name, value) = pair
            .split_once('=')
            .with_context(|| format!("`{pair}` has no ="))?;
        let name = name.trim();
        ensure!(!name.is_empty(), "`{pair}` has no name");
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8();
        Ok((name.to_owned(), value.context("not UTF-8")?.into_owned()))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses of logs and metrics.
    fn urls(text: &str, set: &[(&str, &str)]) -> Result<[String; 2], String> {
        let variable = |name: &str| {
            let found = set
                .iter()
                .find(|(known, _)| name == format!("EXPORTER_OTLP_{known}"));
            found.map(|(_, value)| (*value).to_owned())
        };
        let endpoint = Endpoint::parse(text, variable).map_err(|err| err.to_string())?;
        Ok([endpoint.logs, endpoint.metrics].map(|target| target.url.to_string()))
    }

    fn are(logs: &str, metrics: &str) -> Result<[String; 2], String> {
        Ok([logs, metrics].map(str::to_owned))
    }

    #[test]
    fn signals_go_below_the_endpoint() {
        let is = |text: &str, base: &str| {
            let [logs, metrics] = ["logs", "metrics"].map(|it| format!("{base}/v1/{it}"));
            assert_eq!(urls(text, &[]), are(&logs, &metrics));
        };
        is("http://127.0.0.1:4318", "http://127.0.0.1:4318");
        is("http://[::1]:4318/", "http://[::1]:4318");
        is("http://host/insert/otlp", "http://host/insert/otlp");
        for text in [
            "",
            "127.0.0.1:4318",
            "https://host",
            "ftp://host",
            "http://",
            "env",
        ] {
            assert!(urls(text, &[]).is_err(), "{text}");
        }
    }

    #[test]
    fn environment_names_an_endpoint_or_that_of_a_signal() {
        let base = ("ENDPOINT", "http://a:1");
        let whole = ("LOGS_ENDPOINT", "http://b:2/any");
        let below = are("http://a:1/v1/logs", "http://a:1/v1/metrics");
        assert_eq!(urls("env", &[base]), below);
        let mixed = are("http://b:2/any", "http://a:1/v1/metrics");
        assert_eq!(urls("env", &[base, whole]), mixed);
        let given = are("http://c/v1/logs", "http://c/v1/metrics");
        assert_eq!(urls("http://c", &[whole]), given);
        assert!(urls("env", &[base, ("PROTOCOL", "grpc")]).is_err());
        for wrong in ["a b=c", "a=b%0Ac"] {
            assert!(urls("env", &[base, ("HEADERS", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_are_decoded() {
        let is = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parsed = pairs("a=1, b = x%20y ,").expect("pairs");
        assert_eq!(parsed, [is("a", "1"), is("b", "x y")]);
        assert!(pairs("a").is_err() && pairs("=1").is_err());
    }
}
