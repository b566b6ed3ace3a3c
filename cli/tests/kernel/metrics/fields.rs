//! Labels and histograms of the fields of events.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Test, test};

use super::{Served, value};

pub(crate) const TESTS: &[Test] = &[
    test!(fields_become_labels_and_histograms),
    test!(values_over_the_limit_are_other),
    test!(series_that_does_not_change_goes_away),
];

fn fields_become_labels_and_histograms() -> Result<()> {
    // a table has fewer fields than the documents that labels are made of
    let labels = ["--metrics-label", "comm,exit_code,cgroup_id"];
    let histogram = ["--metrics-histogram", "duration_ns,peak_rss_bytes"];
    let served = Served::start(&[&["procs"][..], &labels, &histogram].concat())?;
    for code in ["0", "3", "3"] {
        Command::new("sh")
            .args(["-c", &format!("exit {code}")])
            .status()?;
    }
    let cgroup = |page: &str, code: u8| {
        let start = "bpfapps_events_by_field_total{app=\"procs\",type=\"exit\",comm=\"sh\",";
        let start = format!("{start}exit_code=\"{code}\",cgroup_id=\"");
        let line = page.lines().find_map(|line| line.strip_prefix(&*start))?;
        let (cgroup, count) = line.split_once("\"} ")?;
        Some((cgroup.to_owned(), count.parse::<f64>().ok()?))
    };
    let page = served.until(|page| cgroup(page, 3).is_some_and(|(_, count)| count >= 2.0))?;
    let (own, _) = cgroup(&page, 0).with_context(|| page.clone())?;
    ensure!(own != "0" && !own.is_empty(), "{page}");
    let of = format!("type=\"exit\",comm=\"sh\",exit_code=\"3\",cgroup_id=\"{own}\"");
    let name = format!("bpfapps_event_duration_seconds_sum{{app=\"procs\",{of}}}");
    let sum = value(&page, &name).with_context(|| page.clone())?;
    ensure!((0.0001..2.0).contains(&sum), "{sum} s\n{page}");
    let all = format!("bpfapps_event_duration_seconds_bucket{{app=\"procs\",{of},le=\"+Inf\"}}");
    ensure!(value(&page, &all) >= Some(2.0), "{page}");
    let name = format!("bpfapps_event_peak_rss_bytes_sum{{app=\"procs\",{of}}}");
    ensure!(value(&page, &name) > Some(4096.0), "{page}");
    // an exec has no duration
    ensure!(
        !page.contains("seconds_count{app=\"procs\",type=\"exec\""),
        "{page}"
    );
    Ok(())
}

fn values_over_the_limit_are_other() -> Result<()> {
    let limit = ["--metrics-label", "pid", "--metrics-series", "3"];
    let served = Served::start(&[&["bootstrap"][..], &limit].concat())?;
    for _ in 0..5 {
        ensure!(Command::new("true").status()?.success(), "true has failed");
    }
    let over = "bpfapps_events_over_series_total{app=\"bootstrap\"}";
    let by_field = "bpfapps_events_by_field_total{app=\"bootstrap\",type=\"";
    let others = ["exec", "exit"].map(|kind| format!("{by_field}{kind}\",pid=\"other\"}}"));
    // other programs start meanwhile, perhaps while a page is written
    served.until(|page| {
        let counted: Vec<_> = others
            .iter()
            .filter_map(|series| value(page, series))
            .collect();
        let series = page.lines().filter(|line| line.starts_with(by_field));
        let over = value(page, over);
        counted.len() == 2
            && over >= Some(7.0)
            && over == Some(counted.iter().sum())
            && series.count() == 5
    })?;
    Ok(())
}

fn series_that_does_not_change_goes_away() -> Result<()> {
    let short = ["--metrics-label", "comm", "--metrics-expiry", "2"];
    let served = Served::start(&[&["bootstrap"][..], &short].concat())?;
    ensure!(Command::new("true").status()?.success(), "true has failed");
    let series = "type=\"exit\",comm=\"true\"}";
    served.until(|page| page.contains(series))?;
    let page = served.until(|page| !page.contains(series))?;
    // the count of all events stays
    let exits = value(
        &page,
        "bpfapps_events_total{app=\"bootstrap\",type=\"exit\"}",
    );
    ensure!(exits >= Some(1.0), "{page}");
    Ok(())
}
