//! Samples as the kernel has counted them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bpfapps_core::{Context as _, Record as _, Result, bail};
use libbpf_rs::{MapCore, MapFlags, MapMut};

use crate::places::{Frame, Places};
use crate::{ProfileMaps, stack};

/// How long one map is filled before the other one is.
const TURN: Duration = Duration::from_millis(250);

/// Bounds of a map's size, in stacks of 2 KB.
const ENTRIES: std::ops::RangeInclusive<u64> = 1024..=16384;

/// Stacks that a map holds: at usual rates as many as there can be samples in two turns.
pub(crate) fn entries(hz: u64) -> u32 {
    let cpus = libbpf_rs::num_possible_cpus().unwrap_or(1) as u64;
    let samples = hz.saturating_mul(cpus).saturating_mul(2) * TURN.as_millis() as u64 / 1000;
    let most = samples.clamp(*ENTRIES.start(), *ENTRIES.end());
    u32::try_from(most.next_power_of_two()).unwrap_or(u32::MAX)
}

/// A stack of functions in one program.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stack {
    pub(crate) comm: [u8; 16],
    /// From the outermost to the innermost one.
    pub(crate) frames: Box<[Frame]>,
    /// How many of them are in user space.
    pub(crate) user: usize,
}

/// All samples so far.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) places: Places,
    pub(crate) stacks: HashMap<Stack, u64>,
}

impl Samples {
    /// A process has run.
    pub(crate) fn meet(&mut self, pid: u32, space: u64) {
        self.places.meet(pid, space);
    }

    fn add(&mut self, stack: &stack) {
        let frames = |addresses: &[u64], depth: u32| {
            let depth = addresses.len().min(depth as usize);
            addresses[..depth].to_vec()
        };
        // but for the innermost function an address is where it continues, after the call
        let calls = |(at, address): (usize, u64)| address - u64::from(at > 0 && address > 0);
        let kernel = frames(&stack.kernel, stack.kernel_depth);
        let user = frames(&stack.user, stack.user_depth);
        let kernel = kernel.into_iter().enumerate().map(calls).map(Frame::Kernel);
        let user = user.into_iter().enumerate().map(calls);
        let user: Vec<_> = user
            .map(|address| self.places.frame(stack.pid, stack.space, address))
            .collect();
        let depth = user.len();
        let mut all: Vec<_> = kernel.chain(user).collect();
        all.reverse();
        let stack_of = Stack {
            comm: stack.comm,
            frames: all.into(),
            user: depth,
        };
        *self.stacks.entry(stack_of).or_default() += stack.count;
    }
}

/// The two maps that are filled in turn.
#[derive(Debug)]
pub(crate) struct Switch<'a> {
    maps: [&'a MapMut<'a>; 2],
    active: &'a MapMut<'a>,
    /// The one that is filled.
    filled: u32,
    since: Instant,
}

impl<'a> Switch<'a> {
    pub(crate) fn new(maps: &'a ProfileMaps<'a>) -> Self {
        Self {
            maps: [&maps.even, &maps.odd],
            active: &maps.active,
            filled: 0,
            since: Instant::now(),
        }
    }

    /// Takes the samples of the map that was not filled for a whole turn, so that no sample is on
    /// its way into it, and has it filled.
    pub(crate) fn take_due(&mut self, samples: &mut Samples) -> Result<()> {
        if self.since.elapsed() < TURN {
            return Ok(());
        }
        let next = 1 - self.filled;
        take(self.maps[next as usize], samples)?;
        let set = self
            .active
            .update(&[0; 4], &next.to_ne_bytes(), MapFlags::ANY);
        set.context("failed to switch maps")?;
        (self.filled, self.since) = (next, Instant::now());
        Ok(())
    }

    /// Takes all samples, after the last one.
    pub(crate) fn take_all(&self, samples: &mut Samples) -> Result<()> {
        self.maps.iter().try_for_each(|map| take(map, samples))
    }
}

/// Moves the stacks of a map into `samples`.
fn take(map: &MapMut<'_>, samples: &mut Samples) -> Result<()> {
    // room for all of them: libbpf-rs takes a batch that is not full for the last one
    let most = map.max_entries();
    let all = map.lookup_and_delete_batch(most, MapFlags::ANY, MapFlags::ANY);
    for (_, value) in all.context("failed to read samples")? {
        samples.add(&stack::read(&mut &value[..])?);
    }
    // the iterator ends at an error, too
    if map.keys().next().is_some() {
        bail!("failed to read all samples: the kernel refuses to empty a map");
    }
    Ok(())
}
