//! What an app counts by key, as metrics.

use std::fs;
use std::process;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Process, Test, cli, needs, test};
use nix::sys::signal::Signal;
use nix::unistd::getsid;

use super::{Served, value};

pub(crate) const TESTS: &[Test] = &[
    test!(counts_of_a_key_are_counters_and_histograms),
    test!(keys_over_the_limit_are_other),
    test!(fields_of_a_key_are_labels_anyway),
    test!(rows_that_a_list_leaves_out_are_counted),
];

/// Of 100 calls: since about Linux 7 a program may be preempted, and is then skipped for another
/// process on that CPU.
const LEAST: f64 = 80.0;

/// Counts the calls of this process.
fn start(more: &[&str]) -> Result<Served> {
    let own = process::id().to_string();
    let app = [
        "syscount",
        "--interval",
        "0.1",
        "--latency",
        "--process",
        "--pid",
        &own,
    ];
    Served::start(&[&app, more].concat())
}

fn counts_of_a_key_are_counters_and_histograms() -> Result<()> {
    let served = start(&[])?;
    for _ in 0..100 {
        getsid(None)?;
    }
    let comm = fs::read_to_string("/proc/thread-self/comm")?;
    let (own, comm) = (process::id(), comm.trim_end());
    let key = format!("app=\"syscount\",syscall=\"getsid\",pid=\"{own}\",comm=\"{comm}\"");
    let calls = format!("bpfapps_syscalls_calls_total{{{key}}}");
    let page = served.until(|page| value(page, &calls) >= Some(LEAST))?;
    let is = |name: &str, more: &str, least: f64, most: f64| {
        let series = format!("bpfapps_syscalls_{name}{{{key}{more}}}");
        let value = value(&page, &series).with_context(|| format!("no {series}\n{page}"))?;
        ensure!(
            (least..=most).contains(&value),
            "{series} is {value}\n{page}"
        );
        Ok(())
    };
    is("calls_total", "", LEAST, 100.0)?;
    is("errors_total", "", 0.0, 0.0)?;
    is("latency_seconds_count", "", LEAST, 100.0)?;
    is("latency_seconds_bucket", ",le=\"+Inf\"", LEAST, 100.0)?;
    let sum = value(
        &page,
        &format!("bpfapps_syscalls_latency_seconds_sum{{{key}}}"),
    );
    ensure!(
        sum.is_some_and(|sum| sum > 1e-6 && sum < 10.0),
        "{sum:?}\n{page}"
    );
    // what is counted by key is no event
    ensure!(!page.contains("type=\"syscalls\""), "{page}");
    let lost = "bpfapps_lost_total{app=\"syscount\",stage=\"map\",cpu=\"0\"}";
    ensure!(value(&page, lost) == Some(0.0), "{page}");
    Ok(())
}

fn keys_over_the_limit_are_other() -> Result<()> {
    let served = start(&["--metrics-series", "1"])?;
    getsid(None)?;
    let other = "bpfapps_syscalls_calls_total{app=\"syscount\",syscall=\"other\",pid=\"other\"";
    let is_other = |page: &&str| page.lines().any(|line| line.starts_with(other));
    let page = served.until(|page| is_other(&page))?;
    let series = page
        .lines()
        .filter(|line| line.starts_with("bpfapps_syscalls_calls_total"));
    ensure!(series.count() == 2, "{page}");
    Ok(())
}

fn fields_of_a_key_are_labels_anyway() -> Result<()> {
    let args = [
        "syscount",
        "--metrics",
        "127.0.0.1:0",
        "--metrics-label",
        "pid",
    ];
    let exit = Process::run(&mut cli(args))?.expect_code(2)?;
    exit.expect_stderr("it counts by key, and each field of the key is a label already")?;
    Ok(())
}

fn rows_that_a_list_leaves_out_are_counted() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    // one list, at once; the app itself has several maps
    let args = [
        "top",
        "--maps",
        "--top",
        "1",
        "--sort",
        "id",
        "--interval",
        "60",
    ];
    let mut served = Served::start(&args)?;
    served.process.line(str::is_empty)?;
    let maps = "bpfapps_events_total{app=\"top\",type=\"map\"}";
    let page = served.get("")?;
    ensure!(value(&page, maps) > Some(1.0), "{page}");
    served.process.signal(Signal::SIGINT)?;
    let exit = served.process.wait()?.expect_code(0)?;
    // time, title, one row, and an empty line
    ensure!(exit.stdout.len() == 4, "{exit:#?}");
    Ok(())
}
