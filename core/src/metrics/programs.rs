//! What the kernel counts of each BPF program: runs and their time, and runs that it skipped.
#![allow(unsafe_code)]

use std::fmt;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};

use libbpf_rs::Object;
use libbpf_rs::libbpf_sys::{BPF_STATS_RUN_TIME, bpf_enable_stats};
use log::info;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::events::{ProgramInfo, SKIPPED};

/// Has the kernel measure programs, as long as what this returns is open: `None` if it does not let
/// us, for which it asks for CAP_SYS_ADMIN.
pub(super) fn measure() -> Option<OwnedFd> {
    // SAFETY: it takes a number, and returns a descriptor of ours or a negative number.
    let fd = unsafe { bpf_enable_stats(BPF_STATS_RUN_TIME) };
    if fd < 0 {
        info!("runs of BPF programs are not measured: that needs CAP_SYS_ADMIN");
        return None;
    }
    // SAFETY: it is open, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Adds the programs of `object`.
pub(super) fn register(registry: &mut Registry, object: &Object, measured: bool) {
    let programs = object.progs().filter_map(|program| {
        let name = program.name().to_string_lossy().into_owned();
        Some((name, ProgramInfo::of(program.as_fd().as_raw_fd())?))
    });
    let programs = Programs {
        programs: programs.collect(),
        measured,
    };
    registry.register_collector(Box::new(programs));
}

#[derive(Debug)]
struct Programs {
    /// The name of each, and what the kernel says of it.
    programs: Vec<(String, ProgramInfo)>,
    measured: bool,
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
        for (program, info) in &self.programs {
            let Some(count) = info.count(line) else {
                continue;
            };
            let labels = [("program", program.as_str())];
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
        if self.measured {
            self.each(&mut encoder, &RUNS, None)?;
            self.each(&mut encoder, &NANOSECONDS, Some(&Unit::Seconds))?;
        }
        self.each(&mut encoder, &SKIPPED_RUNS, None)
    }
}
