//! All TCP sockets of this network namespace as they are at this moment.
//!
//! Hooks: iter/tcp.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Listing, Needs, Result, Session, Snapshot, bail, register,
    skeleton,
};

use crate::row::STATES;

skeleton!("{{ name }}");

/// List TCP sockets with their queues, round-trip time and retransmits
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// List only sockets in this state, such as listen or established; may be given again
    #[arg(short, long, value_name = "STATE", value_parser = state)]
    state: Vec<u32>,

    /// List only sockets with this port at one end
    #[arg(
        short, long, value_name = "PORT", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    port: Option<u16>,

    #[command(flatten)]
    snapshot: Snapshot,
}

/// The bit of a state.
fn state(text: &str) -> Result<u32> {
    match STATES.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        // the kernel counts from 1
        Some(index) => Ok(1 << (index + 1)),
        None => bail!("there are {}", STATES.join(", ").to_lowercase()),
    }
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: true,
        tracefs: false,
        capabilities: &[Capability::CAP_BPF, Capability::CAP_PERFMON],
        // for each new look, before Linux 5.19
        keeps: &[Capability::CAP_BPF],
    };

    const DOCUMENTS: &'static [Document] = row::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.only_port = self.port.unwrap_or(0);
        rodata.only_states = self.state.iter().fold(0, |all, bit| all | bit);

        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;
        let iterator = skel.links.list_socket.as_ref();
        let iterator = iterator.context("the BPF object has no iterator")?;

        session.snapshots::<socket_info>(&self.snapshot, |rows| {
            let mut listing = Listing::of(iterator)?;
            while let Some(socket) = listing.record::<socket_info>()? {
                rows.write(&socket)?;
            }
            Ok(())
        })
    }
}

register!({{ Name }});

#[cfg(test)]
mod tests {
    use super::state;

    #[test]
    fn states_are_names() {
        let state = |text| state(text).map_err(|err| err.to_string());
        assert_eq!(state("established"), Ok(1 << 1));
        assert_eq!(state("LISTEN"), Ok(1 << 10));
        let error = state("open").expect_err("no state");
        assert!(error.starts_with("there are established, syn-sent, "), "{error}");
    }
}
