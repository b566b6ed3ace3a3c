//! Counts of lost events, by stage.

mod other;

use anyhow::{Result, ensure};

use super::shared::Counters;
use crate::output::{Format, Output, boot_time};

pub(crate) use other::{Count, Other};

/// A place where something is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    /// Its name in documents.
    pub(crate) name: &'static str,
    lost: &'static str,
    why: &'static str,
}

/// The stage of runs that the kernel skipped, since the program was at work on that CPU already: no
/// code of the program sees that.
const PROGRAM: Stage = Stage {
    name: "program",
    lost: "runs of a BPF program",
    why: "it was preempted at work",
};

/// The stage of events that were to be sent.
pub(crate) const EXPORT: Stage = Stage {
    name: "export",
    lost: "events",
    why: "the receiver did not take them",
};

/// In the order of `enum bpfapps_stage`.
const STAGES: [Stage; 2] = [
    Stage {
        name: "ring",
        lost: "events",
        why: "the ring buffer was full",
    },
    Stage {
        name: "map",
        lost: "entries",
        why: "a map was full",
    },
];

/// The stage of events that a file did not take.
pub(crate) const OUTPUT: Stage = Stage {
    name: "output",
    lost: "events",
    why: "the file could not be written",
};

/// The names of the stages at which something is lost.
pub fn stages() -> impl Iterator<Item = &'static str> {
    STAGES
        .iter()
        .chain([&PROGRAM, &OUTPUT, &EXPORT])
        .map(|stage| stage.name)
}

/// Each of `counters`, with its stage and CPU.
#[cfg(feature = "metrics")]
pub(crate) fn counted(counters: &Counters) -> Vec<(&'static str, usize, u64)> {
    let counts: Vec<_> = counters.read().collect();
    let stages = STAGES
        .iter()
        .zip(counts.chunks(counts.len() / STAGES.len()));
    let each = stages.flat_map(|(stage, counts)| {
        let counts = counts.iter().enumerate();
        counts.map(|(cpu, count)| (stage.name, cpu, *count))
    });
    each.collect()
}

/// Losses since the last report, on one CPU if that is known.
#[derive(Debug, PartialEq)]
pub(crate) struct News {
    /// The name of the stage.
    pub(crate) stage: &'static str,
    pub(crate) cpu: Option<u64>,
    pub(crate) count: u64,
    /// Losses of this stage so far, on all CPUs.
    pub(crate) total: u64,
}

/// All losses, and how many of them were reported.
#[derive(Debug)]
pub(crate) struct Lost {
    /// A counter for each stage and CPU.
    counters: Counters,
    reported: Vec<u64>,
    others: Vec<Other>,
}

impl Lost {
    /// # Errors
    ///
    /// There are not as many counters as `bpfapps/ringbuf.h` has.
    pub(crate) fn new(counters: Counters, others: Vec<Other>) -> Result<Self> {
        let count = counters.read().count();
        ensure!(
            count.is_multiple_of(STAGES.len()),
            "{count} counters cannot be divided evenly among {} stages",
            STAGES.len()
        );
        Ok(Self {
            counters,
            reported: vec![0; count],
            others,
        })
    }

    /// In a stream of documents, a loss is one of them. With `others` it takes some system calls.
    pub(crate) fn report(&mut self, output: &Output, format: Format, others: bool) -> Result<()> {
        if !format.is_documents() {
            return Ok(());
        }
        let mut news = self.news();
        if others {
            news.extend(self.other_news());
        }
        news.extend(news_of_unwritten(output));
        for news in news {
            let now = boot_time()?;
            output.document(format, |fields| {
                fields.kind("lost", now);
                fields.text("stage", news.stage.as_bytes());
                if let Some(cpu) = news.cpu {
                    fields.number("cpu", cpu);
                }
                fields.number("count", news.count);
                fields.number("total", news.total);
            });
        }
        Ok(())
    }

    /// Losses since the last call.
    fn news(&mut self) -> Vec<News> {
        // nearly always nothing: no allocation then
        if self.counters.read().eq(self.reported.iter().copied()) {
            return Vec::new();
        }
        let now: Vec<_> = self.counters.read().collect();
        let news = news(&self.reported, &now);
        self.reported = now;
        news
    }

    /// Losses of the other stages since the last call. Takes some system calls.
    fn other_news(&mut self) -> Vec<News> {
        self.others.iter_mut().filter_map(Other::news).collect()
    }

    /// All losses so far, of any kind. Takes some system calls.
    pub(crate) fn total(&self) -> u64 {
        let others = self.others.iter().map(|other| other.count.now());
        self.counters.read().sum::<u64>() + others.sum::<u64>()
    }

    /// All losses and where they occurred, in words; `None` without losses. The file did not take
    /// `unwritten` events.
    pub(crate) fn describe(&self, unwritten: u64) -> Option<String> {
        let counted = describe(&self.counters.read().collect::<Vec<_>>());
        let others = self.others.iter().map(Other::describe);
        let all = [counted, describe_unwritten(unwritten)]
            .into_iter()
            .chain(others);
        let all: Vec<_> = all.flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Events that a file did not take, if no document has told that yet.
fn news_of_unwritten(output: &Output) -> Option<News> {
    let (count, total) = output.tell_unwritten()?;
    Some(News {
        stage: OUTPUT.name,
        cpu: None,
        count,
        total,
    })
}

/// The loss of events that a file did not take, in words.
pub(crate) fn describe_unwritten(unwritten: u64) -> Option<String> {
    let Stage { lost, why, .. } = OUTPUT;
    (unwritten > 0).then(|| format!("lost {unwritten} {lost}: {why}"))
}

/// Describes events that were formatted or still in the ring when stdout blocked.
pub(super) fn blocked(events: u64) -> String {
    format!("lost {events} events: stdout took no more")
}

fn news(reported: &[u64], now: &[u64]) -> Vec<News> {
    let cpus = now.len() / STAGES.len();
    let mut news = Vec::new();
    for (index, stage) in STAGES.iter().enumerate() {
        let of = |counts: &[u64], cpu: usize| counts[index * cpus + cpu];
        let mut total: u64 = (0..cpus).map(|cpu| of(reported, cpu)).sum();
        for cpu in 0..cpus {
            let count = of(now, cpu) - of(reported, cpu);
            total += count;
            if count > 0 {
                news.push(News {
                    stage: stage.name,
                    cpu: Some(cpu as u64),
                    count,
                    total,
                });
            }
        }
    }
    news
}

fn describe(counts: &[u64]) -> Option<String> {
    let cpus = counts.len() / STAGES.len();
    let stages = STAGES.iter().zip(counts.chunks(cpus));
    let lines: Vec<_> = stages
        .filter_map(|(stage, counts)| {
            let lost = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let each: Vec<_> = lost
                .map(|(cpu, count)| format!("cpu {cpu}: {count}"))
                .collect();
            let total: u64 = counts.iter().sum();
            let Stage { lost, why, .. } = stage;
            (total > 0).then(|| format!("lost {total} {lost}: {why} ({})", each.join(", ")))
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_by_stage_and_cpu_and_silence_means_none() {
        assert_eq!(describe(&[0; 4]), None);
        assert_eq!(
            describe(&[0, 3, 4, 0, 0, 0]).as_deref(),
            Some("lost 7 events: the ring buffer was full (cpu 1: 3, cpu 2: 4)")
        );
        assert_eq!(
            describe(&[1, 0, 0, 2]).as_deref(),
            Some(
                "lost 1 events: the ring buffer was full (cpu 0: 1); \
                 lost 2 entries: a map was full (cpu 1: 2)"
            )
        );
    }

    #[test]
    fn news_is_what_was_not_told() {
        let one = |stage, cpu, count, total| News {
            stage,
            cpu: Some(cpu),
            count,
            total,
        };
        assert_eq!(news(&[1, 2, 0, 0], &[1, 2, 0, 0]), []);
        assert_eq!(
            news(&[1, 2, 0, 0], &[2, 5, 0, 7]),
            [
                one("ring", 0, 1, 4),
                one("ring", 1, 3, 7),
                one("map", 1, 7, 7)
            ]
        );
    }
}
