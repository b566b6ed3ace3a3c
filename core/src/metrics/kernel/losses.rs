use std::fmt;

use anyhow::{Context as _, Result};
use libbpf_rs::num_possible_cpus;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::events::{Count, Counters, counted};

/// Losses by stage and CPU. Those without one are there, too: a rate needs a series to start from.
#[derive(Debug)]
pub(crate) struct Losses {
    counters: Counters,
    /// Stages whose losses no BPF program counts.
    others: Vec<(&'static str, Count)>,
    /// The map has counters for more CPUs than a machine has.
    cpus: usize,
}

impl Losses {
    pub(crate) fn of(counters: Counters, others: Vec<(&'static str, Count)>) -> Result<Self> {
        let cpus = num_possible_cpus().context("failed to count CPUs")?;
        Ok(Self {
            counters,
            others,
            cpus,
        })
    }
}

impl Collector for Losses {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let about = "What was lost, by the stage at which it was lost.";
        let mut metric = encoder.encode_descriptor("lost", about, None, MetricType::Counter)?;
        let counted = counted(&self.counters).into_iter();
        for (stage, cpu, count) in counted.filter(|(_, cpu, _)| *cpu < self.cpus) {
            let labels = [("stage", stage.to_owned()), ("cpu", cpu.to_string())];
            let mut metric = metric.encode_family(&labels)?;
            metric.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        for (stage, count) in &self.others {
            let labels = [("stage", *stage), ("cpu", "")];
            let mut metric = metric.encode_family(&labels)?;
            metric.encode_counter::<NoLabelSet, _, u64>(&count.now(), None)?;
        }
        Ok(())
    }
}
