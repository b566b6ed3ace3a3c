//! What the kernel counts of each BPF program: runs and their time, and runs that it skipped.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libbpf_rs::Object;
use log::info;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::events::{ProgramInfo, RunStatistics, SKIPPED};

/// The BPF programs that are loaded.
#[derive(Debug)]
pub(crate) struct Programs {
    /// What the kernel says of each.
    programs: Mutex<Vec<ProgramInfo>>,
    statistics: Option<RunStatistics>,
}

impl Programs {
    /// None yet. The kernel measures their runs, if it lets us: it asks for CAP_SYS_ADMIN.
    pub(crate) fn measured() -> Self {
        let statistics = RunStatistics::enable();
        if let Err(err) = &statistics {
            info!("{err}");
        }
        Self {
            programs: Mutex::default(),
            statistics: statistics.ok(),
        }
    }

    /// Adds the programs of `object`.
    pub(crate) fn add(&self, object: &Object) {
        ProgramInfo::add(&mut self.lock(), object);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ProgramInfo>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A counter of the kernel's, and how it is served.
struct Counted {
    /// The line of /proc/PID/fdinfo.
    line: &'static str,
    name: &'static str,
    about: &'static str,
    unit: Option<Unit>,
    /// The kernel counts only while it measures.
    is_measured: bool,
}

static COUNTED: [Counted; 3] = [
    Counted {
        line: "run_cnt:",
        name: "program_runs",
        about: "Runs of the BPF program.",
        unit: None,
        is_measured: true,
    },
    Counted {
        line: "run_time_ns:",
        name: "program_run",
        about: "Time that the BPF program ran, on all CPUs.",
        unit: Some(Unit::Seconds),
        is_measured: true,
    },
    Counted {
        line: SKIPPED,
        name: "program_skipped",
        about: "Runs that the kernel skipped, as the BPF program was at work on that CPU.",
        unit: None,
        is_measured: false,
    },
];

impl Collector for Programs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let programs = self.lock();
        // programs of two objects may have one name
        let mut by_name = BTreeMap::<&str, [Option<u64>; COUNTED.len()]>::new();
        for program in &*programs {
            let counts = program.counts(COUNTED.each_ref().map(|counted| counted.line));
            let sums = by_name.entry(&program.name).or_default();
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum = sum.map_or(count, |sum| Some(sum + count.unwrap_or(0)));
            }
        }
        for (at, counted) in COUNTED.iter().enumerate() {
            if counted.is_measured && self.statistics.is_none() {
                continue;
            }
            let unit = counted.unit.as_ref();
            let mut metric = encoder.encode_descriptor(
                counted.name,
                counted.about,
                unit,
                MetricType::Counter,
            )?;
            for (name, sums) in &by_name {
                let Some(count) = sums[at] else { continue };
                let labels = [("program", *name)];
                let mut metric = metric.encode_family(&labels)?;
                match unit {
                    Some(_) => {
                        metric.encode_counter::<NoLabelSet, _, u64>(&(count as f64 / 1e9), None)?
                    }
                    None => metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?,
                }
            }
        }
        Ok(())
    }
}
