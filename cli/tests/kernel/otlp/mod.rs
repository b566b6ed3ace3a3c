//! `--otlp`: what a receiver gets, and what becomes of events if it takes none.

pub(crate) mod memory;
mod receiver;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Exit, Process, Test, cli, test, while_testing};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value as Json;
use tempfile::TempDir;

use receiver::{Does, Receiver};

pub(crate) const TESTS: &[Test] = &[
    test!(events_arrive_as_logs),
    test!(output_can_be_off),
    test!(metrics_arrive_at_the_end_as_well),
    test!(metrics_arrive_while_events_do),
    test!(processes_are_spans),
    test!(every_event_is_sent_or_lost),
    test!(receiver_that_was_away_gets_what_waited),
    test!(receiver_that_never_answers_ends_nothing_late),
    test!(endpoint_of_the_environment_is_used),
];

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The events among the lines of stdout.
fn events(exit: &Exit) -> Result<Vec<Json>> {
    let documents = exit
        .stdout
        .iter()
        .map(|line| serde_json::from_str::<Json>(line));
    let mut events = documents.collect::<Result<Vec<_>, _>>()?;
    events.retain(|event| {
        let kind = event["type"].as_str().unwrap_or_default();
        !["ready", "lost", "clock_step"].contains(&kind)
    });
    Ok(events)
}

/// The number of events that stderr reports as lost on their way to the receiver.
fn lost(exit: &Exit) -> Result<usize> {
    let lines = exit.stderr.iter();
    let told = lines.filter_map(|line| {
        let told = line.strip_suffix(" events: the receiver did not take them")?;
        told.rsplit(' ').next()?.parse::<usize>().ok()
    });
    let told: Vec<_> = told.collect();
    ensure!(told.len() <= 1, "told more than once: {exit:#?}");
    Ok(told.first().copied().unwrap_or(0))
}

/// Runs `procs` with a command that starts this number of programs.
fn procs(receiver: &Receiver, programs: usize, options: &[&str]) -> Result<Process> {
    let count = format!("i=0; while [ $i -lt {programs} ]; do /bin/true; i=$((i+1)); done");
    traced(receiver, &count, options)
}

fn traced(receiver: &Receiver, script: &str, options: &[&str]) -> Result<Process> {
    let mut command = cli(["procs", "-o", "json", "--otlp", &receiver.url()]);
    Process::start(command.args(options).args(["--", "sh", "-c", script]))
}

fn text(record: &LogRecord, name: &str) -> String {
    let attribute = record.attributes.iter().find(|it| it.key == name);
    match attribute.and_then(|it| it.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn events_arrive_as_logs() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let exit = procs(&receiver, 3, &[])?
        .wait()?
        .expect_code(0)?
        .expect_no_stderr()?;
    let events = events(&exit)?;
    ensure!(events.len() == 8, "{exit:#?}");
    receiver.got(|got| {
        ensure!(
            got.headers.starts_with("POST /v1/logs HTTP/1.1\r\n"),
            "{}",
            got.headers
        );
        ensure!(
            got.headers.contains("application/x-protobuf"),
            "{}",
            got.headers
        );
        ensure!(got.taken.len() == events.len(), "{} logs", got.taken.len());
        for (event, log) in events.iter().zip(&got.taken) {
            let kind = event["type"].as_str().unwrap_or_default();
            ensure!(log.event_name == format!("procs.{kind}"), "{log:?}");
            let pid = event["pid"].to_string();
            ensure!(text(log, "process.pid") == pid, "{log:?}");
            let comm = event["comm"].as_str().unwrap_or_default();
            ensure!(text(log, "process.executable.name") == comm, "{log:?}");
            let time: String = event["time"].as_str().unwrap_or_default().into();
            let nanoseconds = format!("{:09}", log.time_unix_nano % 1_000_000_000);
            ensure!(
                time.contains(&nanoseconds),
                "{time} is {}",
                log.time_unix_nano
            );
        }
        let has = |name: &str| got.resources.iter().any(|it| it.starts_with(name));
        ensure!(
            has("service.name") && has("host.name"),
            "{:?}",
            got.resources
        );
        Ok(())
    })
}

fn output_can_be_off() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let url = receiver.url();
    let mut command = cli([
        "procs", "-o", "none", "--otlp", &url, "--", "sh", "-c", "true; :",
    ]);
    let exit = Process::run(&mut command)?
        .expect_code(0)?
        .expect_no_stderr()?;
    ensure!(exit.stdout.is_empty(), "{exit:#?}");
    let sent = receiver.got(|got| got.taken.len());
    ensure!(sent == 2, "{sent} events");
    Ok(())
}

fn metrics_arrive_at_the_end_as_well() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let options = ["--metrics-histogram", "duration_ns"];
    let exit = procs(&receiver, 3, &options)?
        .wait()?
        .expect_code(0)?
        .expect_no_stderr()?;
    let events = events(&exit)?.len();
    receiver.got(|got| {
        let scopes = got
            .metrics
            .resource_metrics
            .iter()
            .flat_map(|it| &it.scope_metrics);
        let metrics: Vec<_> = scopes.flat_map(|scope| &scope.metrics).collect();
        let named = |name: &str| {
            let metric = metrics.iter().find(|metric| metric.name == name);
            metric
                .and_then(|metric| metric.data.as_ref())
                .context(name.to_owned())
        };
        let Data::Sum(sum) = named("bpfapps_events")? else {
            bail!("no sum: {metrics:#?}");
        };
        let counts = sum.data_points.iter().map(|point| match point.value {
            Some(Number::AsInt(count)) => count as usize,
            _ => 0,
        });
        let counted: usize = counts.sum();
        ensure!(counted == events, "{counted} of {events} events: {sum:#?}");
        let Data::Histogram(histogram) = named("bpfapps_event_duration_seconds")? else {
            bail!("no histogram: {metrics:#?}");
        };
        let point = histogram.data_points.first().context("no point")?;
        ensure!(point.count == 4, "{point:#?}");
        ensure!(point.bucket_counts.iter().sum::<u64>() == 4, "{point:#?}");
        ensure!(
            point.bucket_counts.len() == point.explicit_bounds.len() + 1,
            "{point:#?}"
        );
        Ok(())
    })
}

fn metrics_arrive_while_events_do() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let url = receiver.url();
    let mut command = cli(["procs", "-o", "none", "--otlp", &url]);
    command.env("OTEL_METRIC_EXPORT_INTERVAL", "500");
    let storm = while_testing("/bin/true");
    let app = Process::start(command.args(["--", "sh", "-c", &storm]))?;
    let arrived = receiver.until(|got| got.requests > 1 && got.pages > 3);
    // it ends the command that it runs
    app.signal(Signal::SIGINT)?;
    app.wait()?;
    arrived
}

fn processes_are_spans() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let app = traced(&receiver, "/bin/true; /bin/false; :", &["--otlp-spans"])?;
    app.wait()?.expect_code(0)?.expect_no_stderr()?;
    receiver.got(|got| {
        let named = |name: &str| {
            let span = got.spans.iter().find(|span| span.name == name);
            span.with_context(|| format!("no span {name}: {:#?}", got.spans))
        };
        let [shell, good, bad] = [named("sh")?, named("true")?, named("false")?];
        ensure!(got.spans.len() == 3, "{:#?}", got.spans);
        for child in [good, bad] {
            ensure!(child.parent_span_id == shell.span_id, "{child:#?}");
            ensure!(child.trace_id == shell.trace_id, "{child:#?}");
            ensure!(
                child.start_time_unix_nano >= shell.start_time_unix_nano,
                "{child:#?}"
            );
            ensure!(
                child.end_time_unix_nano <= shell.end_time_unix_nano,
                "{child:#?}"
            );
        }
        let is_error = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
        ensure!(is_error(bad) && !is_error(good), "{bad:#?}");
        Ok(())
    })
}

fn every_event_is_sent_or_lost() -> Result<()> {
    let receiver = Receiver::start(&[
        Does::Take,
        Does::Refuse("429 Too Many Requests\r\nRetry-After: 1"),
        Does::Reject(5),
        Does::Refuse("500 Internal Server Error"),
        Does::Die,
        Does::Refuse("503 Service Unavailable"),
        Does::Take,
        Does::Hang,
    ])?;
    // a queue that is too small for what comes while nothing is taken
    let options = ["--otlp-queue", "256K", "--otlp-timeout", "2"];
    let folder = TempDir::new()?;
    let end = folder.path().join("end");
    let until_end = format!("[ ! -e {} ] || exit 0; /bin/true", end.display());
    let until_end = while_testing(&until_end);
    let app = traced(&receiver, &until_end, &options)?;
    receiver.until(|got| got.requests > 9)?;
    fs::write(&end, "")?;
    let memory = app.status("VmHWM")?;
    let exit = app.wait()?.expect_code(0)?;
    let (events, lost) = (events(&exit)?.len(), lost(&exit)?);
    let sent = receiver.got(|got| got.taken.len());
    // what is answered too late on a busy machine is counted as lost, though it was taken
    let late = (sent + lost).checked_sub(events);
    ensure!(
        late.is_some_and(|late| late == 0 || receiver.got(|got| got.batches.contains(&late))),
        "{sent} sent + {lost} lost, {events} events: {exit:#?}"
    );
    ensure!(lost > 5 && sent > 100, "{sent} sent, {lost} lost");
    // a document says so as well
    let is_told = |line: &&String| line.contains("\"stage\":\"export\"");
    let told = exit.stdout.iter().rfind(is_told);
    let total = format!("\"total\":{lost}}}");
    ensure!(
        told.is_some_and(|line| line.ends_with(&total)),
        "{told:?}, not {total}"
    );
    let kib: usize = memory.trim_end_matches(" kB").trim().parse()?;
    ensure!(kib < 40 * 1024, "{kib} KiB");
    Ok(())
}

fn receiver_that_was_away_gets_what_waited() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let app = procs(&receiver, 600, &[])?;
    receiver.until(|got| got.requests > 0)?;
    receiver.stop();
    let before = receiver.got(|got| got.taken.len());
    // it is noticed: a request fails
    let again = Receiver::at(receiver.address, Arc::clone(&receiver.got))?;
    again.until(|got| got.taken.len() > before)?;
    let exit = app.wait()?.expect_code(0)?;
    let (events, lost) = (events(&exit)?.len(), lost(&exit)?);
    let sent = again.got(|got| got.taken.len());
    ensure!(
        lost == 0 && sent == events,
        "{sent} sent, {lost} lost, {events} events: {exit:#?}"
    );
    Ok(())
}

fn receiver_that_never_answers_ends_nothing_late() -> Result<()> {
    let receiver = Receiver::start(&[Does::Hang; 9])?;
    let started = Instant::now();
    let exit = procs(&receiver, 3, &["--otlp-timeout", "0.5", "--strict"])?.wait()?;
    let exit = exit.expect_code(3)?;
    ensure!(started.elapsed() < PATIENCE / 2, "{:?}", started.elapsed());
    exit.expect_stderr("lost 8 events: the receiver did not take them")?;
    Ok(())
}

fn endpoint_of_the_environment_is_used() -> Result<()> {
    let receiver = Receiver::start(&[])?;
    let mut command = cli(["procs", "--otlp", "env", "--", "true"]);
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url())
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b")
        .env("OTEL_SERVICE_NAME", "mine");
    Process::run(&mut command)?.expect_code(0)?;
    receiver.got(|got| {
        ensure!(got.headers.contains("x-key: a b\r\n"), "{}", got.headers);
        let service = got
            .resources
            .iter()
            .find(|it| it.starts_with("service.name="));
        ensure!(
            service.is_some_and(|it| it.contains("mine")),
            "{:?}",
            got.resources
        );
        Ok(())
    })?;
    let mut command = cli(["procs", "--otlp", "env", "--", "true"]);
    command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    let exit = Process::run(&mut command)?.expect_code(2)?;
    exit.expect_stderr("neither OTEL_EXPORTER_OTLP_ENDPOINT")?;
    Ok(())
}
