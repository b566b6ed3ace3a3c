use std::env;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Error, Result, bail, ensure};
use clap::{Args as _, Command};
use ureq::http::Uri;

use crate::events::{bytes, seconds};
use crate::output::Document;

/// The options of every app that has telemetry.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Send events to the OpenTelemetry receiver at URL, such as http://127.0.0.1:4318, or to the
    /// one that the environment names (env)
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    otlp: Option<Endpoint>,

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
        let command = Self::augment_args(command);
        if !documents.is_empty() {
            return command;
        }
        let nothing = |_: &str| -> Result<Endpoint> { bail!("it has no events to send") };
        ["otlp", "otlp_queue", "otlp_timeout"]
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
    /// Bytes of events that wait.
    pub(super) queue: u64,
    pub(super) timeout: Duration,
}

/// Where logs are sent: <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) logs: Uri,
    /// From the environment, as they may be secret.
    pub(super) headers: Vec<(String, String)>,
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let variable = |name: &str| env::var(format!("OTEL_EXPORTER_OTLP_{name}")).ok();
        Self::parse(text, |name| variable(name).filter(|text| !text.is_empty()))
    }
}

impl Endpoint {
    /// `variable` looks up what is behind `OTEL_EXPORTER_OTLP_`.
    fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let protocol = variable("LOGS_PROTOCOL").or_else(|| variable("PROTOCOL"));
        if let Some(protocol) = protocol.filter(|protocol| protocol != "http/protobuf") {
            bail!("OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}: only http/protobuf is spoken");
        }
        let logs = match (text, variable("LOGS_ENDPOINT")) {
            ("env", Some(whole)) => whole,
            ("env", None) => below(&variable("ENDPOINT").context(
                "neither OTEL_EXPORTER_OTLP_ENDPOINT nor OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is set",
            )?),
            (base, _) => below(base),
        };
        let logs: Uri = logs.parse().context("not a URL")?;
        match logs.scheme_str() {
            Some("http") => {}
            Some("https") => bail!("https is not spoken: send to a collector on this machine"),
            _ => bail!("not a URL such as http://127.0.0.1:4318"),
        }
        ensure!(
            logs.host().is_some_and(|host| !host.is_empty()),
            "names no host"
        );
        let headers = variable("LOGS_HEADERS").or_else(|| variable("HEADERS"));
        let headers = pairs(&headers.unwrap_or_default()).context("OTEL_EXPORTER_OTLP_HEADERS")?;
        Ok(Self { logs, headers })
    }
}

/// The address of logs at this base address.
fn below(base: &str) -> String {
    format!("{}/v1/logs", base.trim_end_matches('/'))
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

    fn logs(text: &str, set: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let endpoint = Endpoint::parse(text, variable).map_err(|err| err.to_string())?;
        Ok(endpoint.logs.to_string())
    }

    #[test]
    fn logs_go_below_the_endpoint() {
        let is = |text: &str, url: &str| assert_eq!(logs(text, &[]), Ok(url.to_owned()));
        is("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/logs");
        is("http://[::1]:4318/", "http://[::1]:4318/v1/logs");
        is("http://host/insert/otlp", "http://host/insert/otlp/v1/logs");
        for text in [
            "",
            "127.0.0.1:4318",
            "https://host",
            "ftp://host",
            "http://",
            "env",
        ] {
            assert!(logs(text, &[]).is_err(), "{text}");
        }
    }

    #[test]
    fn environment_names_an_endpoint_or_the_one_of_logs() {
        let base = ("ENDPOINT", "http://a:1");
        let whole = ("LOGS_ENDPOINT", "http://b:2/any");
        assert_eq!(logs("env", &[base]), Ok("http://a:1/v1/logs".to_owned()));
        assert_eq!(logs("env", &[base, whole]), Ok("http://b:2/any".to_owned()));
        assert_eq!(
            logs("http://c", &[whole]),
            Ok("http://c/v1/logs".to_owned())
        );
        assert!(logs("env", &[base, ("PROTOCOL", "grpc")]).is_err());
    }

    #[test]
    fn pairs_are_decoded() {
        let is = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parsed = pairs("a=1, b = x%20y ,").expect("pairs");
        assert_eq!(parsed, [is("a", "1"), is("b", "x y")]);
        assert!(pairs("a").is_err() && pairs("=1").is_err());
    }
}
