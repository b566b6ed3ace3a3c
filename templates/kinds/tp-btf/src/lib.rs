//! Threads that were ready to run and waited long for a CPU, live.
//!
//! Hooks: tp_btf/sched_wakeup, tp_btf/sched_wakeup_new, tp_btf/sched_switch.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

mod row;

use std::mem::MaybeUninit;

use bpfapps_core::{
    App, Capability, Context, Document, Needs, Result, Session, Stream, register, skeleton,
};

skeleton!("{{ name }}");

const NS_PER_US: u64 = 1_000;

/// Trace threads that waited long for a CPU
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only waits of at least US microseconds
    #[arg(
        short, long, value_name = "US", default_value_t = 10_000, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(..=u64::MAX / NS_PER_US)
    )]
    wait: u64,

    /// Report only threads of this process
    #[arg(
        short, long, value_name = "PID", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pid: Option<u32>,

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
        rodata.min_wait_ns = self.wait * NS_PER_US;
        rodata.only_pid = self.pid.unwrap_or(0);
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
