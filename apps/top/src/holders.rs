use std::collections::{BTreeMap, HashMap};

use bpfapps_core::{Listing, Result};
use libbpf_rs::Link;

use crate::holder;
use crate::types::{holders, kind};

/// The processes that hold each program and map.
pub(crate) struct Holders(HashMap<(i64, u32), BTreeMap<u32, holder>>);

impl Holders {
    /// Reads the open files of all processes.
    pub(crate) fn now(iterator: &Link) -> Result<Self> {
        let mut all = HashMap::<_, BTreeMap<_, _>>::new();
        let mut listing = Listing::of(iterator)?;
        while let Some(holder) = listing.record::<holder>()? {
            let of = all.entry((holder.kind.0.into(), holder.id)).or_default();
            // a process may hold a program and its links, each several times
            of.insert(holder.pid, holder);
        }
        Ok(Self(all))
    }

    /// The holders of the program or map with this id, by the number of the process.
    pub(crate) fn of(&self, what: kind, id: u32) -> holders {
        let mut held = holders::default();
        let Some(all) = self.0.get(&(what.0.into(), id)) else {
            return held;
        };
        held.holders = all.len().try_into().unwrap_or(u32::MAX);
        for (to, pid) in held.pids.iter_mut().zip(all.keys()) {
            *to = *pid;
        }
        if let Some((pid, first)) = all.first_key_value() {
            (held.pid, held.comm) = (*pid, first.comm);
        }
        held
    }
}
