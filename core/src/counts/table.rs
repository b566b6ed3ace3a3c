use std::os::fd::{AsFd as _, AsRawFd as _};

use anyhow::{Context as _, Result, bail, ensure};
use libbpf_rs::skel::Skel;
use libbpf_rs::{Map, MapCore, MapFlags, MapHandle, MapType};

use super::Counted;
use super::drain::Drain;

/// A table of `BPFAPPS_COUNTS` in a loaded object.
#[derive(Debug)]
pub(crate) struct Table {
    chosen: MapHandle,
    halves: [MapHandle; 2],
    /// The half at work.
    at_work: usize,
    drain: Drain,
}

impl Table {
    /// The only table of the object.
    ///
    /// # Errors
    ///
    /// It has none or several, or not of this record.
    pub(crate) fn find<'obj, R: Counted>(skel: &impl Skel<'obj>) -> Result<Self> {
        let maps: Vec<Map<'_>> = skel.object().maps().collect();
        let mut chosen = maps
            .iter()
            .filter(|map| map.map_type() == MapType::ArrayOfMaps);
        let (Some(chosen), None) = (chosen.next(), chosen.next()) else {
            bail!("the BPF object has not one table of BPFAPPS_COUNTS: which is to be read?");
        };
        let half = |number: usize| {
            let name = format!("{}_{number}", chosen.name().display());
            let mut maps = maps.iter();
            let half = maps.find(|map| map.name() == &*name);
            let half = half.with_context(|| format!("the BPF object has no map `{name}`"))?;
            let of_record = half.value_size() as usize <= R::KEY;
            let key = size_of::<R>().saturating_sub(R::KEY);
            ensure!(
                of_record && half.key_size() as usize <= key,
                "map `{name}` has counts of another record"
            );
            MapHandle::try_from(half).with_context(|| format!("failed to open map `{name}`"))
        };
        let halves = [half(0)?, half(1)?];
        let sizes = |half: &MapHandle| (half.key_size(), half.value_size());
        ensure!(
            sizes(&halves[0]) == sizes(&halves[1]),
            "the two maps of `{}` differ",
            chosen.name().display()
        );
        Ok(Self {
            drain: Drain::of(&halves[0])?,
            chosen: MapHandle::try_from(chosen).context("failed to open a map")?,
            halves,
            at_work: 0,
        })
    }

    /// Passes each key that was counted since the last call, with its counts, to `each`.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub(crate) fn take(&mut self, each: impl FnMut(&[u8], &[u64])) -> Result<usize> {
        let full = &self.halves[self.at_work];
        self.at_work = 1 - self.at_work;
        let fd = self.halves[self.at_work].as_fd().as_raw_fd();
        // the kernel returns once no program uses the other one any more
        self.chosen
            .update(&0_u32.to_ne_bytes(), &fd.to_ne_bytes(), MapFlags::ANY)
            .context("failed to change over to another map")?;
        self.drain.drain(full, each)
    }
}
