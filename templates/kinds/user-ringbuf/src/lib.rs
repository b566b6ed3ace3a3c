//! Signals to the processes that the user names while it runs, live.
//!
//! Hooks: raw_tp/signal_generate and, for commands, tp/syscalls/sys_enter_getppid.
//! Needs: Linux {{ kernel }} with BTF, tracefs; CAP_BPF and CAP_PERFMON.

mod commands;

use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::{process, thread};

use bpfapps_core::host::Release;
use bpfapps_core::host::hooks::tracefs;
use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Context, Document, Failure, Needs, Result, Session, Stream, register, rodata, skeleton,
};
use libbpf_rs::MapHandle;
use log::error;

skeleton!("{{ name }}");

/// User ring buffers came with this version.
const SINCE: (u32, u32) = (6, 1);

/// Trace signals to processes that are named while it runs: watch PID, forget PID
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Read commands from FILE, such as a FIFO, rather than from stdin
    #[arg(long, value_name = "FILE")]
    commands: Option<PathBuf>,

    /// Leave out signals that the kernel sends, or a process to itself
    #[arg(long)]
    foreign: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf().tracefs();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        if !Release::running()?.is_at_least(SINCE) {
            return Err(Failure::new(
                "this kernel has no user ring buffer: it came with Linux 6.1",
                "set a map from user space instead, as an app of the kind legacy-minimal does",
            )
            .into());
        }
        let lines = commands::open(self.commands.as_deref())?;
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let pidns = PidNamespace::own()?;
        let rodata = rodata(&mut open)?;
        (rodata.pidns_dev, rodata.pidns_ino) = (pidns.dev, pidns.ino);
        rodata.only_foreign = self.foreign.into();
        rodata.own_pid = process::id();

        let mut skel = session.load(open)?;
        tracefs::find_or_mount()?;
        session.attach(&mut skel)?;

        let mut rows = session.rows::<event>(&self.stream)?;
        let ring = MapHandle::try_from(&skel.maps.commands).context("no user ring buffer")?;
        // a thread inherits the privileges of the thread that starts it
        session.give_up_privileges()?;
        thread::spawn(move || {
            if let Err(err) = commands::serve(lines, &ring) {
                error!("no more commands are read: {err:#}");
            }
        });
        session.poll(
            &self.stream,
            &skel,
            |event: &event| rows.write(event),
        )
    }
}

register!({{ Name }});
