//! TCP connections as they begin and end on the wire, or every packet.
//!
//! Hooks: the filter of a packet socket, for {{ interface }} or what the options say.
//! Needs: Linux {{ kernel }}; CAP_BPF, CAP_NET_RAW and, for the verifier, CAP_PERFMON.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};

use bpfapps_core::host::interfaces;
use bpfapps_core::net::filter_socket;
use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, Target, register, rodata,
    skeleton,
};
use libbpf_rs::ProgramMut;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, socket,
};

skeleton!("{{ name }}");

/// Watch TCP connections begin and end on {{ interface }}, or all that passes there
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Network interface
    #[arg(short, long, value_name = "NAME", default_value = "{{ interface }}")]
    interface: String,

    /// Report only packets from or to this port
    #[arg(short, long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Report every IP packet, not only where TCP connections begin and end
    #[arg(short, long)]
    all: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}")
        .capabilities(&[Capability::CAP_BPF, Capability::CAP_NET_RAW, Capability::CAP_PERFMON]);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let index = interfaces::index(&self.interface)?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        rodata.interface = u32::try_from(index)?;
        rodata.only_port = self.port.unwrap_or(0);
        rodata.every_packet = self.all.into();

        let skel = session.load(open)?;
        let _socket = attach(session, &skel.progs.handle_packet)?;

        session.report::<event>(&self.stream, &skel)
    }
}

/// A packet socket with `program` as its filter: it sees each packet of each interface.
fn attach(session: &Session, program: &ProgramMut<'_>) -> Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::EthAll,
    )
    .context("failed to open a packet socket")?;
    session.attach_to(program.name(), Target::Socket, || {
        filter_socket(socket.as_fd(), program)
    })?;
    Ok(socket)
}

register!({{ Name }});
