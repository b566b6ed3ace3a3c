//! What the CPUs spend their time on, by sampling.
//!
//! Hooks: perf_event (the clock of each CPU).
//! Needs: Linux {{ kernel }}; CAP_BPF and CAP_PERFMON, and for the names of functions
//! CAP_SYSLOG and CAP_SYS_PTRACE.

use std::mem::MaybeUninit;
use std::os::fd::IntoRawFd as _;

use bpfapps_core::{
    App, Capability, Document, Failure, Needs, Result, Session, Stream, Target, bail, only_pid,
    register, rodata, skeleton,
};
use libbpf_rs::{Link, ProgramMut};
use nix::errno::Errno;
use perf_event::Builder;
use perf_event::events::Software;

skeleton!("{{ name }}");

/// Sample what the CPUs spend their time on
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Take HZ samples per second on each CPU
    #[arg(
        short, long, value_name = "HZ", default_value_t = 49,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    frequency: u64,

    /// Sample only this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Show only where in user space
    #[arg(long)]
    user: bool,

    /// Show only where in the kernel
    #[arg(long, conflicts_with = "user")]
    kernel: bool,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read /proc/kallsyms, and the maps of a process when it is first sampled
    const NEEDS: Needs = Needs::linux("{{ kernel }}")
        .capabilities(&[Capability::CAP_BPF, Capability::CAP_PERFMON, Capability::CAP_SYSLOG, Capability::CAP_SYS_PTRACE])
        .keeps(&[Capability::CAP_SYSLOG, Capability::CAP_SYS_PTRACE]);

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        rodata.without_kernel = self.user.into();
        rodata.without_user = self.kernel.into();

        let skel = session.load(open)?;
        let _links = self.attach(session, &skel.progs.handle_sample)?;

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches to the clock of each CPU, for as long as the links live.
    fn attach(&self, session: &Session, program: &ProgramMut<'_>) -> Result<Vec<Link>> {
        let mut links = Vec::new();
        for cpu in 0..libbpf_rs::num_possible_cpus()? {
            let mut clock = Builder::new(Software::CPU_CLOCK);
            clock
                .one_cpu(cpu)
                .any_pid()
                .include_kernel()
                .sample_frequency(self.frequency);
            match clock.build() {
                Ok(clock) => {
                    // the link closes it
                    let clock = clock.into_raw_fd();
                    let link = session.attach_to(program.name(), Target::PerfEvent, || {
                        program.attach_perf_event(clock)
                    });
                    links.push(link?);
                }
                // it is switched off
                Err(err) if err.raw_os_error() == Some(Errno::ENODEV as i32) => {}
                Err(err) if err.raw_os_error() == Some(Errno::EINVAL as i32) => {
                    bail!(self.explain(&err))
                }
                Err(err) => {
                    links.push(session.attach_to(program.name(), Target::PerfEvent, || Err(err))?);
                }
            }
        }
        log::info!("sampling {} CPUs", links.len());
        Ok(links)
    }

    fn explain(&self, err: &std::io::Error) -> Failure {
        Failure::new(
            format!("failed to open a perf event: {err}"),
            format!(
                "{} Hz may be more than /proc/sys/kernel/perf_event_max_sample_rate allows",
                self.frequency
            ),
        )
    }
}

register!({{ Name }});
