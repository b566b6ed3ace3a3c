//! Who sends packets to a network interface, and how many; drops those of some.
//!
//! Hooks: XDP of {{ interface }}, or of what the options say.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_ADMIN and, for the verifier, CAP_PERFMON.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use bpfapps_core::InterfaceHook::{XdpNative, XdpSkb};
use bpfapps_core::host::interfaces;
use bpfapps_core::net::{Prefix, attach, fill};
use bpfapps_core::{
    App, Document, NETWORK, Needs, Result, Session, Stream, Target, milliseconds, register, rodata,
    skeleton,
};
use libbpf_rs::ProgramMut;
use log::info;

skeleton!("{{ name }}");

/// What the kernel says where a driver has no XDP.
const EOPNOTSUPP: i32 = 95;

/// Where in the kernel packets are looked at.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Mode {
    /// As native where the driver can, else as skb
    Auto,
    /// In the driver
    Native,
    /// Behind the driver: slower, but any driver will do
    Skb,
}

/// Count packets that come in at {{ interface }}, by source, and drop those of some
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(short, long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Drop what comes from ADDRESS, or from all of 10.0.0.0/8 (may be given again)
    #[arg(short, long, value_name = "ADDRESS")]
    drop: Vec<Prefix>,

    /// Report what a source sends every MS milliseconds
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    interval: u64,

    /// Where to look at packets
    #[arg(short, long, value_enum, default_value_t = Mode::Auto)]
    mode: Mode,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").capabilities(NETWORK);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        rodata(&mut open)?.interval_ns = self.interval;

        let skel = session.load(open)?;
        fill(&skel.maps.dropped, &self.drop)?;
        let _link = self.attach(session, &skel.progs.handle_packet, index)?;

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches to the interface, for as long as the link lives.
    fn attach(
        &self,
        session: &Session,
        program: &ProgramMut<'_>,
        index: i32,
    ) -> Result<OwnedFd> {
        let (mut hook, mut link) = match self.mode {
            Mode::Auto | Mode::Native => (XdpNative, attach(XdpNative, program, index)),
            Mode::Skb => (XdpSkb, attach(XdpSkb, program, index)),
        };
        let errno = link.as_ref().err().and_then(io::Error::raw_os_error);
        if matches!(self.mode, Mode::Auto) && errno == Some(EOPNOTSUPP) {
            (hook, link) = (XdpSkb, attach(XdpSkb, program, index));
        }
        let link = session.attach_to(program.name(), Target::Interface(hook, index), || link)?;
        info!("{hook} of {}", self.interface);
        Ok(link)
    }
}

register!({{ Name }});
