//! All TCP sockets of this network namespace as they are at this moment.
//!
//! Hooks: iter/tcp.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

mod state;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Listing, Needs, Result, Session, Snapshot, register, rodata,
    skeleton,
};

skeleton!("{{ name }}");

/// List TCP sockets with their queues, round-trip time and retransmissions
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// List only sockets with this port, on either side
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// List only sockets in this state, such as listen; may be given again
    #[arg(short, long, value_name = "STATE", value_parser = state::number)]
    state: Vec<u32>,

    #[command(flatten)]
    snapshot: Snapshot,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the list again, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = tcp::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.only_port = self.port.unwrap_or(0);
        rodata.only_states = self.state.iter().fold(0, |bits, state| bits | 1 << state);

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;
        let iterator = skel.links.list_tcp.as_ref();
        let iterator = iterator.context("the BPF object has no iterator")?;

        session.snapshots::<tcp>(&self.snapshot, |rows| {
            let mut listing = Listing::of(iterator)?;
            while let Some(socket) = listing.record::<tcp>()? {
                rows.write(&socket)?;
            }
            Ok(())
        })
    }
}

register!({{ Name }});
