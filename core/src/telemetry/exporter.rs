//! Sends requests, again and again if the receiver asks for that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use log::{debug, warn};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};

use super::options::{Endpoint, Sent, Target};
use super::queue::{Next, Queue};
use super::requests::{Body, Event, logs, metrics, spans};
use crate::metrics::Page;

/// The first pause before a request is sent again, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Bytes of an answer that are read.
const LONGEST: u64 = 64 * 1024;

/// Bytes of the client's buffers.
const BUFFER: usize = 16 * 1024;

/// Sends the events in the queue, and metrics now and then, until the run is over.
#[derive(Debug)]
pub(super) struct Exporter {
    agent: Agent,
    sent: Sent,
    resource: Resource,
    queue: Arc<Queue>,
    page: Arc<Page>,
    started: Timestamp,
    /// A receiver that fails is reported once, until it takes something again.
    is_reported: bool,
}

impl Exporter {
    pub(super) fn new(sent: Sent, resource: Resource, queue: Arc<Queue>, page: Arc<Page>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // an answer is short, and a request is there already
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .user_agent(concat!("bpfapps/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "otlp-tls")]
        let config = config.tls_config(tls());
        Self {
            agent: config.build().new_agent(),
            sent,
            resource,
            queue,
            page,
            started: Timestamp::now(),
            is_reported: false,
        }
    }

    pub(super) fn run(mut self) {
        let mut due = Instant::now();
        loop {
            // also while events come without a pause
            if Instant::now() >= due {
                self.send_metrics();
                due = Instant::now() + self.sent.endpoint.interval;
            }
            match self.queue.next(due) {
                Next::Documents(documents) => self.send_events(&documents),
                Next::Nothing => {}
                Next::End => break,
            }
        }
        self.send_metrics();
        self.queue.close();
    }

    fn send_events(&mut self, documents: &[Box<[u8]>]) {
        let (app, resource) = (self.sent.app, &self.resource);
        let (mut logs, mut spans) = (Body::default(), Body::default());
        let observed = Timestamp::now();
        for document in documents {
            let event = Event::parse(document);
            logs.add(&logs::record(app, &event, observed));
            if self.sent.spans {
                spans::span(&event).inspect(|span| spans.add(span));
            }
        }
        let logs = logs.finish(app, resource).unwrap_or_default();
        let spans = spans.finish(app, resource);
        let all = documents.len() as u64;
        let mut lost = self.deliver(|it| &it.logs, &logs).min(all);
        if let Some(spans) = spans {
            lost = lost.max(self.deliver(|it| &it.traces, &spans).min(all));
        }
        self.queue.settle(documents, lost);
    }

    /// Sends until the request is taken or refused, and returns how much of it was lost.
    fn deliver(&mut self, target: impl Fn(&Endpoint) -> &Target, body: &[u8]) -> u64 {
        let mut pause = PAUSES[0];
        loop {
            let target = target(&self.sent.endpoint);
            let (again, why) = match self.send(target, body) {
                Answer::Taken(rejected) => {
                    self.is_reported = false;
                    return rejected;
                }
                Answer::Again(after, why) => (Some(after.unwrap_or(pause)), why),
                Answer::Refused(why) => (None, why),
            };
            if !self.is_reported {
                warn!("events are not taken by {}: {why}", target.url);
                self.is_reported = true;
            }
            match again {
                Some(after) if self.queue.pause(after) => pause = (pause * 2).min(PAUSES[1]),
                _ => return u64::MAX,
            }
        }
    }

    /// Not repeated: the next ones have all that these have.
    fn send_metrics(&self) {
        let Ok(page) = self.page.open_metrics() else {
            return;
        };
        let request = metrics::request(self.sent.app, &self.resource, &page, self.started);
        let target = &self.sent.endpoint.metrics;
        if let Answer::Again(_, why) | Answer::Refused(why) =
            self.send(target, &request.encode_to_vec())
        {
            debug!("metrics are not taken by {}: {why}", target.url);
        }
    }

    fn send(&self, target: &Target, body: &[u8]) -> Answer {
        let mut request = self
            .agent
            .post(&target.url)
            .header("Content-Type", "application/x-protobuf");
        for (name, value) in &target.headers {
            request = request.header(name, value);
        }
        let timeout = self.queue.time_left(self.sent.timeout);
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut response = match request.send(body) {
            Ok(response) => response,
            // a receiver that is gone may come back
            Err(err) => return Answer::Again(None, err.to_string()),
        };
        let status = response.status();
        if !status.is_success() {
            return refusal(status, response.headers());
        }
        // what was sent is there, also if the answer is cut off
        let answer = response
            .body_mut()
            .with_config()
            .limit(LONGEST)
            .read_to_vec();
        let answer = answer.unwrap_or_default();
        let answer = ExportLogsServiceResponse::decode(&*answer).unwrap_or_default();
        let rejected = answer.partial_success.unwrap_or_default();
        Answer::Taken(u64::try_from(rejected.rejected_log_records).unwrap_or(0))
    }
}

/// https, with the certificates that this machine trusts.
#[cfg(feature = "otlp-tls")]
fn tls() -> ureq::tls::TlsConfig {
    // one that is installed already will do
    let _ = rustls::crypto::ring::default_provider().install_default();
    ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .build()
}

/// What came of a request.
#[derive(Debug, PartialEq)]
enum Answer {
    /// It was taken, but for this number of events.
    Taken(u64),
    /// To be sent again, if the receiver says so after that time; and why.
    Again(Option<Duration>, String),
    /// Not to be sent again, and why.
    Refused(String),
}

/// Whether to send again: <https://opentelemetry.io/docs/specs/otlp/#failures-1>.
fn refusal(status: StatusCode, headers: &HeaderMap) -> Answer {
    let why = format!("it answers {status}");
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let after = headers
                .get("retry-after")
                .and_then(|after| after.to_str().ok());
            let after = after.and_then(|after| after.trim().parse().ok());
            Answer::Again(after.map(Duration::from_secs), why)
        }
        _ => Answer::Refused(why),
    }
}
