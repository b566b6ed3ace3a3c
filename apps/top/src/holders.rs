use std::collections::{BTreeMap, HashMap};

use bpfapps_core::output::Fields;
use bpfapps_core::output::values::{List, Text};
use bpfapps_core::{Listing, Result, c_bytes};
use libbpf_rs::Link;

use crate::holder;
use crate::types::kind;

/// The processes that hold each program and map.
pub(crate) struct Holders(HashMap<(i64, u32), Processes>);

/// Processes by their number, with the names of their commands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(BTreeMap<u32, Vec<u8>>);

impl Holders {
    /// Reads the open files of all processes.
    pub(crate) fn now(iterator: &Link) -> Result<Self> {
        let mut holders = HashMap::<_, Processes>::new();
        let mut listing = Listing::of(iterator)?;
        while let Some(holder) = listing.record::<holder>()? {
            let processes = holders
                .entry((holder.kind.0.into(), holder.id))
                .or_default();
            // one process may hold a program and its links, each several times
            processes
                .0
                .entry(holder.pid)
                .or_insert_with(|| c_bytes(&holder.comm).to_vec());
        }
        Ok(Self(holders))
    }

    /// The holders of the program or map with this id.
    pub(crate) fn of(&mut self, what: kind, id: u32) -> Processes {
        self.0.remove(&(what.0.into(), id)).unwrap_or_default()
    }
}

impl Processes {
    /// The first one, and how many others there are: `systemd(1) +2`.
    pub(crate) fn show(&self, out: &mut Vec<u8>) {
        use bpfapps_core::output::{escape, push_decimal};
        let Some((pid, comm)) = self.0.first_key_value() else {
            return out.push(b'-');
        };
        escape(comm, out);
        out.push(b'(');
        push_decimal((*pid).into(), out);
        out.push(b')');
        if self.0.len() > 1 {
            out.extend_from_slice(b" +");
            push_decimal(self.0.len() as u64 - 1, out);
        }
    }

    /// All of them.
    pub(crate) fn fields(&self, fields: &mut Fields<'_>) {
        fields.value("pids", &List(self.0.keys().copied()));
        fields.value("comms", &List(self.0.values().map(|comm| Text(comm))));
    }
}
