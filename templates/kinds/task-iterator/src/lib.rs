//! All threads on this machine as they are at this moment: state, CPU time, and where in the
//! kernel they wait.
//!
//! Hooks: iter/task.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Capability, Context, Document, Listing, Needs, Result, Session, Snapshot, bail, register,
    rodata, skeleton,
};

use crate::row::Thread;

skeleton!("{{ name }}");

/// List threads with their state and kernel stack
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// List only the threads of this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// List only threads in one of these states: letters as in ps(1), such as D or RD
    #[arg(short, long, value_name = "STATES", value_parser = states)]
    state: Option<u32>,

    #[command(flatten)]
    snapshot: Snapshot,
}

/// The states in the order in which the kernel numbers them, as in the `.bpf.c`.
const STATES: &str = "RSDTtXZPI";

/// A bit for each state.
fn states(text: &str) -> Result<u32> {
    let mut bits = 0;
    for letter in text.chars() {
        match STATES.find(letter) {
            Some(index) => bits |= 1 << index,
            None => bail!("`{letter}` is not a state: use {STATES}"),
        }
    }
    match bits {
        0 => bail!("no state is given: use {STATES}"),
        bits => Ok(bits),
    }
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the list again, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = Thread::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.only_pid = self.pid.unwrap_or(0);
        // in a container the kernel lists only its threads, but knows them by other numbers
        let namespace = PidNamespace::own()?;
        (rodata.pidns_dev, rodata.pidns_ino) = (namespace.dev, namespace.ino);
        rodata.only_states = self.state.unwrap_or(0);

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;
        let iterator = skel.links.list_task.as_ref();
        let iterator = iterator.context("the BPF object has no iterator")?;

        session.snapshots::<Thread>(&self.snapshot, |rows| {
            let mut listing = Listing::of(iterator)?;
            while let Some(task) = listing.record::<task>()? {
                let stack = listing.lines()?;
                rows.write(&Thread { task, stack })?;
            }
            Ok(())
        })
    }
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::states;

    #[test]
    fn states_are_letters() {
        let states = |text| states(text).map_err(|err| err.to_string());
        assert_eq!(states("R"), Ok(1));
        assert_eq!(states("DRI"), Ok(0b1_0000_0101));
        assert_eq!(states("DQ"), Err("`Q` is not a state: use RSDTtXZPI".to_owned()));
        assert_eq!(states(""), Err("no state is given: use RSDTtXZPI".to_owned()));
    }
}
