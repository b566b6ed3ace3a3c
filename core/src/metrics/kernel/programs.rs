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
}

const RUNS: Counted = Counted {
    line: "run_cnt:",
    name: "program_runs",
    about: "Runs of the BPF program.",
};

const NANOSECONDS: Counted = Counted {
    line: "run_time_ns:",
    name: "program_run",
    about: "Time that the BPF program ran, on all CPUs.",
};

const SKIPPED_RUNS: Counted = Counted {
    line: SKIPPED,
    name: "program_skipped",
    about: "Runs that the kernel skipped, as the BPF program was at work on that CPU.",
};

impl Programs {
    fn each(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        counted: &Counted,
        unit: Option<&Unit>,
    ) -> fmt::Result {
        let Counted { line, name, about } = *counted;
        let mut metric = encoder.encode_descriptor(name, about, unit, MetricType::Counter)?;
        // programs of two objects may have one name
        let programs = self.lock();
        let mut counts = BTreeMap::<_, u64>::new();
        for program in &*programs {
            if let Some(count) = program.count(line) {
                *counts.entry(program.name.as_str()).or_default() += count;
            }
        }
        for (program, count) in counts {
            let labels = [("program", program)];
            let mut metric = metric.encode_family(&labels)?;
            match unit {
                Some(_) => {
                    metric.encode_counter::<NoLabelSet, _, u64>(&(count as f64 / 1e9), None)?
                }
                None => metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?,
            }
        }
        Ok(())
    }
}

impl Collector for Programs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if self.statistics.is_some() {
            self.each(&mut encoder, &RUNS, None)?;
            self.each(&mut encoder, &NANOSECONDS, Some(&Unit::Seconds))?;
        }
        self.each(&mut encoder, &SKIPPED_RUNS, None)
    }
}
