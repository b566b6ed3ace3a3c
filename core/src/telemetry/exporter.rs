//! Sends requests, again and again if the receiver asks for that.

use std::time::Duration;

use log::warn;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};

use super::logs;
use super::options::Sent;
use super::queue::Queue;

/// The first pause before a request is sent again, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Bytes of an answer that are read.
const LONGEST: u64 = 64 * 1024;

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

/// Sends what is in the queue until the run is over.
pub(super) fn send_all(sent: &Sent, resource: &Resource, queue: &Queue) {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("bpfapps/", env!("CARGO_PKG_VERSION")));
    let agent = config.build().new_agent();
    // a receiver that fails is reported once, until it takes something again
    let mut is_reported = false;
    while let Some(documents) = queue.next() {
        let body = logs::request(sent.app, resource, &documents).encode_to_vec();
        let mut pause = PAUSES[0];
        let lost = loop {
            let (again, why) = match send(&agent, sent, queue, &body) {
                Answer::Taken(rejected) => {
                    is_reported = false;
                    break rejected;
                }
                Answer::Again(after, why) => (Some(after.unwrap_or(pause)), why),
                Answer::Refused(why) => (None, why),
            };
            if !is_reported {
                warn!("events are not taken by {}: {why}", sent.endpoint.logs);
                is_reported = true;
            }
            match again {
                Some(after) if queue.pause(after) => pause = (pause * 2).min(PAUSES[1]),
                _ => break documents.len() as u64,
            }
        };
        queue.settle(&documents, lost);
    }
}

fn send(agent: &Agent, sent: &Sent, queue: &Queue, body: &[u8]) -> Answer {
    let mut request = agent
        .post(&sent.endpoint.logs)
        .header("Content-Type", "application/x-protobuf");
    for (name, value) in &sent.endpoint.headers {
        request = request.header(name, value);
    }
    let timeout = queue.time_left(sent.timeout);
    let request = request.config().timeout_global(Some(timeout)).build();
    let mut response = match request.send(body) {
        Ok(response) => response,
        // a receiver that is gone may come back
        Err(err) => return Answer::Again(None, err.to_string()),
    };
    let status = response.status();
    if status.is_success() {
        // the events are there, also if the answer is cut off
        let answer = response
            .body_mut()
            .with_config()
            .limit(LONGEST)
            .read_to_vec();
        let answer = answer.unwrap_or_default();
        let answer = ExportLogsServiceResponse::decode(&*answer).unwrap_or_default();
        let rejected = answer.partial_success.unwrap_or_default();
        return Answer::Taken(u64::try_from(rejected.rejected_log_records).unwrap_or(0));
    }
    refusal(status, response.headers())
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
