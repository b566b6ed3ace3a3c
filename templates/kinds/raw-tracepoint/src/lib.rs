//! Each process and thread that is born on this machine, live.
//!
//! Hooks: raw_tp/sched_process_fork.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, register, skeleton,
};

skeleton!("{{ name }}");

/// Trace births of processes and threads
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only the children of this process
    #[arg(
        short, long, value_name = "PID", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pid: Option<u32>,

    /// Leave out threads
    #[arg(long)]
    processes: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: true,
        tracefs: false,
        capabilities: &[Capability::CAP_BPF, Capability::CAP_PERFMON],
        keeps: &[],
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
        rodata.only_pid = self.pid.unwrap_or(0);
        rodata.only_processes = self.processes.into();
        if let Some(size) = self.stream.ring_size() {
            open.maps.rb.set_max_entries(size)?;
        }

        let Some(mut skel) = session.load(open)? else {
            return Ok(());
        };
        session.attach(&mut skel)?;

        let mut rows = session.rows::<event>(&self.stream)?;
        session.poll(
            &self.stream,
            &skel.maps.rb,
            &skel.maps.reader,
            |event: &event| rows.write(event),
        )
    }
}

register!({{ Name }});
