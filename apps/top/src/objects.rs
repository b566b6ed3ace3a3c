use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd as _};
use std::time::Instant;

use bpfapps_core::output::values::snake;
use bpfapps_core::{Result, RunStatistics, set_text};
use libbpf_rs::query::{MapInfoIter, ProgInfoIter};
use libbpf_rs::{MapHandle, Program};

use crate::holders::Holders;
use crate::types::kind;
use crate::{map, program};

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
    memory: u64,
}

impl Programs {
    /// Counts from now on.
    pub(crate) fn start() -> Result<Self> {
        let mut programs = Self {
            _counted: RunStatistics::enable()?,
            before: HashMap::new(),
            at: Instant::now(),
        };
        programs.since_last(None, |_| Ok(()))?;
        Ok(programs)
    }

    /// What each program did since the last call; what a new one did since it was loaded. Those that
    /// were unloaded meanwhile are left out.
    pub(crate) fn since_last(
        &mut self,
        holders: Option<&Holders>,
        mut each: impl FnMut(&program) -> Result<()>,
    ) -> Result<()> {
        let now = Instant::now();
        let interval = now.duration_since(self.at).as_nanos();
        let interval = u64::try_from(interval)?.max(1);
        let mut after = HashMap::new();
        for info in ProgInfoIter::default() {
            let before = self.before.get(&info.id).copied();
            let memory = || Program::fd_from_id(info.id).map_or(0, memory);
            let counts = Counts {
                runs: info.run_cnt,
                ns: info.run_time_ns,
                memory: before.map_or_else(memory, |before| before.memory),
            };
            after.insert(info.id, counts);
            let before = before.unwrap_or_default();
            // one that is loaded anew with the same id counts from zero
            let runs = counts.runs.saturating_sub(before.runs);
            let ns = counts.ns.saturating_sub(before.ns);
            let mut row = program {
                id: info.id,
                runs,
                run_time_ns: ns,
                interval_ns: interval,
                runs_per_second: scaled(runs, 1_000_000_000, interval),
                ns_per_run: ns.checked_div(runs).unwrap_or(0),
                cpu_percent: scaled(ns, 10_000, interval).try_into().unwrap_or(u32::MAX),
                memory_bytes: counts.memory,
                ..program::default()
            };
            if let Some(holders) = holders {
                row.held = holders.of(kind::KIND_PROGRAM, info.id);
            }
            set_text(&mut row.program_type, &snake(info.ty));
            set_name(&mut row.name, &info.name);
            each(&row)?;
        }
        (self.before, self.at) = (after, now);
        Ok(())
    }
}

/// `count` in units of `unit` for each `interval`, to the nearest number.
fn scaled(count: u64, unit: u64, interval: u64) -> u64 {
    let interval = u128::from(interval);
    let scaled = (u128::from(count) * u128::from(unit) + interval / 2) / interval;
    scaled.try_into().unwrap_or(u64::MAX)
}

/// All maps of this machine.
pub(crate) fn maps(holders: &Holders) -> impl Iterator<Item = map> {
    MapInfoIter::default().map(|info| {
        let mut row = map {
            id: info.id,
            max_entries: info.max_entries,
            memory_bytes: MapHandle::from_map_id(info.id).map_or(0, memory),
            held: holders.of(kind::KIND_MAP, info.id),
            ..map::default()
        };
        set_text(&mut row.map_type, &snake(info.ty));
        set_name(&mut row.name, &info.name);
        row
    })
}

fn set_name(to: &mut [i8; 16], name: &OsStr) {
    set_text(to, &name.to_string_lossy());
}

/// The memory of a program or map, which only /proc says: not after privileges are gone, before
/// Linux 5.14.
fn memory(of: impl AsFd) -> u64 {
    let fd = of.as_fd().as_raw_fd();
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("memlock:"));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}
