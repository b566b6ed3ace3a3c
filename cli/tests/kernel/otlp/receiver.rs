//! A receiver of OTLP that takes, refuses, hangs or dies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::PATIENCE;

const NOTHING_MORE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Does {
    Take,
    /// Takes all but this number of events.
    Reject(u32),
    /// Answers with this status.
    Refuse(&'static str),
    /// Reads the request and closes.
    Die,
    Hang,
}

/// A receiver of OTLP on this machine.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    pub(super) got: Arc<Mutex<Got>>,
    is_over: Arc<AtomicBool>,
}

#[derive(Default)]
pub(super) struct Got {
    /// What is done with the next requests; all others are taken.
    next: Vec<Does>,
    pub(super) requests: usize,
    pub(super) taken: Vec<LogRecord>,
    /// How many of them came in each request.
    pub(super) batches: Vec<usize>,
    pub(super) resources: Vec<String>,
    pub(super) headers: String,
    /// Number of requests with metrics.
    pub(super) pages: usize,
    pub(super) metrics: ExportMetricsServiceRequest,
    pub(super) spans: Vec<Span>,
}

impl Receiver {
    pub(super) fn start(next: &[Does]) -> Result<Self> {
        let got = Got {
            next: next.iter().rev().copied().collect(),
            ..Got::default()
        };
        Self::at("127.0.0.1:0".parse()?, Arc::new(Mutex::new(got)))
    }

    pub(super) fn at(address: SocketAddr, got: Arc<Mutex<Got>>) -> Result<Self> {
        // the one before is closed when its thread has noticed
        let end = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind(address) {
                Err(_) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
                bound => break bound?,
            }
        };
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let receiver = Self {
            address,
            got: Arc::clone(&got),
            is_over: Arc::clone(&is_over),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (got, is_over) = (Arc::clone(&got), Arc::clone(&is_over));
                // a client that is gone is none of the test's business
                thread::spawn(move || stream.map(|stream| serve(stream, &got, &is_over)));
            }
        });
        Ok(receiver)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn got<T>(&self, look: impl FnOnce(&Got) -> T) -> T {
        look(&self.got.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn until(&self, wanted: impl Fn(&Got) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.got(&wanted) {
            ensure!(Instant::now() < end, "not so in {PATIENCE:?}");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Nobody listens any more.
    pub(super) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        // it waits for one more
        let _ = TcpStream::connect(self.address);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers the requests of one connection.
fn serve(mut stream: TcpStream, got: &Mutex<Got>, is_over: &AtomicBool) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(reader.read_line(&mut head)? > 0, "closed");
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>())
        });
        let mut body = vec![0; length.context("no length")??];
        reader.read_exact(&mut body)?;
        if is_over.load(Ordering::Relaxed) {
            bail!("stopped");
        }
        let mut got = got.lock().unwrap_or_else(PoisonError::into_inner);
        if head.starts_with("POST /v1/metrics ") {
            got.pages += 1;
            got.metrics = ExportMetricsServiceRequest::decode(&*body)?;
            stream.write_all(NOTHING_MORE)?;
            continue;
        }
        if head.starts_with("POST /v1/traces ") {
            let spans = ExportTraceServiceRequest::decode(&*body)?.resource_spans;
            let spans = spans.into_iter().flat_map(|it| it.scope_spans);
            got.spans.extend(spans.flat_map(|it| it.spans));
            stream.write_all(NOTHING_MORE)?;
            continue;
        }
        got.requests += 1;
        got.headers = head;
        let (status, rejected) = match got.next.pop().unwrap_or(Does::Take) {
            Does::Take => ("200 OK", 0),
            Does::Reject(count) => ("200 OK", count),
            Does::Refuse(status) => (status, 0),
            Does::Die => bail!("dies"),
            Does::Hang => {
                drop(got);
                thread::sleep(PATIENCE);
                bail!("hung");
            }
        };
        let answer = ExportLogsServiceResponse {
            partial_success: (rejected > 0).then(|| ExportLogsPartialSuccess {
                rejected_log_records: rejected.into(),
                error_message: "no room".to_owned(),
            }),
        };
        let answer = answer.encode_to_vec();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(&[head.as_bytes(), &answer].concat())?;
        if status.starts_with("200") {
            for logs in ExportLogsServiceRequest::decode(&*body)?.resource_logs {
                let resource = logs.resource.context("no resource")?;
                let named = resource.attributes.into_iter();
                got.resources = named
                    .map(|it| format!("{}={:?}", it.key, it.value))
                    .collect();
                let mut records: Vec<_> = logs
                    .scope_logs
                    .into_iter()
                    .flat_map(|scope| scope.log_records)
                    .collect();
                records.truncate(records.len() - rejected as usize);
                got.batches.push(records.len());
                got.taken.extend(records);
            }
        }
    }
}
