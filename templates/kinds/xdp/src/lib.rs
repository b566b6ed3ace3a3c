//! Packets that come in at a network interface, counted by protocol.
//!
//! Hooks: XDP of {{ interface }}, or of another interface.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::time::Duration;

use bpfapps_core::host::interfaces;
use bpfapps_core::net::XdpMode;
use bpfapps_core::output::boot_time;
use bpfapps_core::{
    App, Capability, Context, Document, NETWORK, Needs, Record, Result, Session, Snapshot, register,
    skeleton,
};
use libbpf_rs::{MapCore, MapFlags};

skeleton!("{{ name }}");

/// Count packets that come in at {{ interface }}, by protocol
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Count for SECONDS seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "1")]
    time: NonZeroU32,

    /// Where XDP sees the packets
    #[arg(short, long, value_enum, default_value_t = XdpMode::Auto)]
    mode: XdpMode,

    #[command(flatten)]
    snapshot: Snapshot,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK)
        .keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = traffic::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let skel = session.load(open)?;
        let _link = session.attach_xdp(&skel.progs.handle_packet, index, self.mode)?;

        let mut before = [traffic::default(); 256];
        session.snapshots::<traffic>(&self.snapshot, |rows| {
            session.sleep(Duration::from_secs(u64::from(self.time.get())))?;
            for protocol in 0..=u8::MAX {
                let now = read(&skel.maps.counts, protocol)?;
                let last = std::mem::replace(&mut before[usize::from(protocol)], now);
                let packets = now.packets - last.packets;
                let bytes = now.bytes - last.bytes;
                if packets > 0 {
                    rows.write(&traffic { time_ns: boot_time()?, packets, bytes, ..now })?;
                }
            }
            Ok(())
        })
    }
}

/// Adds up the counters of all CPUs.
fn read(counts: &impl MapCore, protocol: u8) -> Result<traffic> {
    let mut sum = traffic { protocol, ..traffic::default() };
    let key = u32::from(protocol).to_ne_bytes();
    let cpus = counts.lookup_percpu(&key, MapFlags::ANY)?;
    for cpu in cpus.context("a counter is missing")? {
        let count = traffic::read(&mut cpu.as_slice())?;
        sum.packets += count.packets;
        sum.bytes += count.bytes;
    }
    Ok(sum)
}

register!({{ Name }});
