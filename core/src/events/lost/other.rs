use std::fmt;

use super::{EXPORT, News, PROGRAM, Stage};
use crate::events::program::{ProgramInfo, SKIPPED};

/// A number that grows.
pub(crate) struct Count(Box<dyn Fn() -> u64 + Send + Sync>);

impl Count {
    pub(crate) fn of(count: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Box::new(count))
    }

    pub(crate) fn now(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(f)
    }
}

/// A stage whose losses no BPF program counts.
#[derive(Debug)]
pub(crate) struct Other {
    stage: Stage,
    pub(super) count: Count,
    told: u64,
}

impl Other {
    /// Runs of these programs that the kernel skipped.
    pub(crate) fn skipped(programs: Vec<ProgramInfo>) -> Self {
        let skipped = move || {
            let counts = programs.iter();
            counts
                .filter_map(|program| program.counts([SKIPPED])[0])
                .sum()
        };
        Self::new(PROGRAM, Count::of(skipped))
    }

    /// Events that were to be sent.
    pub(crate) fn unsent(count: Count) -> Self {
        Self::new(EXPORT, count)
    }

    fn new(stage: Stage, count: Count) -> Self {
        Self {
            stage,
            count,
            told: 0,
        }
    }

    pub(super) fn news(&mut self) -> Option<News> {
        let total = self.count.now();
        let count = total - self.told;
        self.told = total;
        (count > 0).then_some(News {
            stage: self.stage.name,
            cpu: None,
            count,
            total,
        })
    }

    /// The losses in words, if there are any.
    pub(crate) fn describe(&self) -> Option<String> {
        let Stage { lost, why, .. } = self.stage;
        let total = self.count.now();
        (total > 0).then(|| format!("lost {total} {lost}: {why}"))
    }
}
