use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Instant;

use bpfapps_core::output::values::snake;
use bpfapps_core::{Result, RunStatistics};
use libbpf_rs::query::{MapInfoIter, ProgInfoIter};
use libbpf_rs::{MapHandle, Program as Loaded};

use crate::holders::Holders;
use crate::row::{Map, Program};
use crate::types::kind;

/// The programs of this machine, and what the kernel has counted of them so far.
pub(crate) struct Programs {
    _counted: RunStatistics,
    before: HashMap<u32, Counts>,
    at: Instant,
}

/// Of a program.
#[derive(Clone, Copy, Default)]
struct Counts {
    runs: u64,
    ns: u64,
    /// It never changes.
    memory: Option<u64>,
}

impl Programs {
    /// Counts from now on.
    pub(crate) fn start() -> Result<Self> {
        let mut programs = Self {
            _counted: RunStatistics::enable()?,
            before: HashMap::new(),
            at: Instant::now(),
        };
        programs.since_last(|_| Ok(()))?;
        Ok(programs)
    }

    /// What each program did since the last call; what a new one did since it was loaded. Those that
    /// were unloaded meanwhile are left out.
    pub(crate) fn since_last(&mut self, mut each: impl FnMut(Program) -> Result<()>) -> Result<()> {
        let now = Instant::now();
        let interval = now.duration_since(self.at).as_nanos();
        let mut after = HashMap::new();
        for info in ProgInfoIter::default() {
            let before = self.before.get(&info.id).copied();
            let counts = Counts {
                runs: info.run_cnt,
                ns: info.run_time_ns,
                memory: match before {
                    Some(before) => before.memory,
                    None => Loaded::fd_from_id(info.id).ok().and_then(memory),
                },
            };
            after.insert(info.id, counts);
            let before = before.unwrap_or_default();
            each(Program {
                id: info.id,
                kind: snake(info.ty),
                name: info.name.into_encoded_bytes(),
                // a program that is loaded anew with the same id counts from zero
                runs: counts.runs.saturating_sub(before.runs),
                run_time_ns: counts.ns.saturating_sub(before.ns),
                interval_ns: interval.try_into().unwrap_or(u64::MAX),
                memory: counts.memory,
                holders: Default::default(),
            })?;
        }
        (self.before, self.at) = (after, now);
        Ok(())
    }
}

/// All maps of this machine.
pub(crate) fn maps(holders: &mut Holders) -> impl Iterator<Item = Map> {
    MapInfoIter::default().map(|info| Map {
        id: info.id,
        kind: snake(info.ty),
        name: info.name.into_encoded_bytes(),
        max_entries: info.max_entries,
        memory: MapHandle::from_map_id(info.id).ok().and_then(memory),
        holders: holders.of(kind::KIND_MAP, info.id),
    })
}

/// The memory of a program or map, which only /proc says: not after privileges are gone, before
/// Linux 5.14.
fn memory(of: impl AsFd) -> Option<u64> {
    let fd = of.as_fd().as_raw_fd();
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("memlock:"))?;
    line.trim().parse().ok()
}
