//! What the CPUs are busy with, as a flame graph, folded stacks, a page or a pprof file.
//!
//! Hooks: perf_event (the cycles or the clock of each CPU); for a command or a process also
//! `raw_tp/sched_process_exit`, and for a command `raw_tp/sched_process_fork`.
//! Needs: Linux 5.8 with BTF; CAP_BPF and CAP_PERFMON, and for names CAP_SYSLOG and CAP_SYS_PTRACE.

mod callers;
mod clock;
mod destination;
mod names;
mod places;
mod report;
mod samples;

use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bpfapps_core::host::cgroups;
use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::{
    App, Capability, Context as _, Failure, Needs, Period, Result, Session, Workload, bail,
    exit_code, register, rodata, skeleton,
};
use libbpf_rs::{MapCore as _, MapFlags};
use nix::sys::signal::{Signal, raise};

use crate::callers::Callers;
use crate::destination::Destination;
use crate::report::{Before, Format, Report};
use crate::samples::{Samples, Switch};

skeleton!("profile");

/// Sample what the CPUs run: a flame graph, folded stacks, a page with a table, or pprof
#[derive(Debug, clap::Args)]
struct Profile {
    /// Take HZ samples per second on each busy CPU
    #[arg(
        long, value_name = "HZ", default_value_t = 99, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    hz: u64,

    /// Sample only this process, until it ends
    #[arg(
        short, long, value_name = "PID", allow_negative_numbers = true, conflicts_with = "command",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pid: Option<u32>,

    /// Sample only processes in this cgroup v2 or below it
    #[arg(long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Output format: folded (stacks and their samples), svg (flame graph), html (flame graph and
    /// table) or pprof [default: by the end of FILE, which is .svg, .html or .pb.gz, else folded]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true
    )]
    output: Option<Format>,

    /// Write to FILE, in place of stdout: it is replaced as a whole at the end
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,

    /// Show the difference to an earlier run, whose folded stacks are in FILE
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    #[command(flatten)]
    period: Period,

    #[command(flatten)]
    workload: Workload,
}

impl App for Profile {
    const NAME: &'static str = "profile";

    // CAP_BPF empties maps before Linux 5.19; the others read /proc/kallsyms, the maps of a process
    // and the files in them, also removed ones (CAP_CHECKPOINT_RESTORE)
    const NEEDS: Needs = Needs::linux("5.8")
        .btf()
        .capabilities(&[
            Capability::CAP_BPF,
            Capability::CAP_PERFMON,
            Capability::CAP_SYSLOG,
            Capability::CAP_SYS_PTRACE,
        ])
        .keeps(&[
            Capability::CAP_BPF,
            Capability::CAP_CHECKPOINT_RESTORE,
            Capability::CAP_DAC_READ_SEARCH,
            Capability::CAP_SYSLOG,
            Capability::CAP_SYS_PTRACE,
        ]);

    fn run(self, session: &Session) -> Result<()> {
        // all that can be wrong is found out before the first sample
        clock::check(self.hz)?;
        let file = self.output_file.as_deref();
        let format = self.output.unwrap_or_else(|| Format::of_file(file));
        if self.compare.is_some() && format == Format::Pprof {
            bail!(Failure::new(
                "--compare makes no pprof file",
                "write two of them, and compare them with go tool pprof -diff_base"
            ));
        }
        let before = self.compare.as_deref().map(Before::read).transpose()?;
        let cgroup = self.cgroup.as_deref().map(cgroups::open).transpose()?;
        let destination = Destination::open(session, file, format.is_binary())?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open(ProfileSkelBuilder::default(), &mut object)?;
        self.configure(&mut open)?;
        let skel = session.load(open)?;
        if let Some((_, folder)) = &cgroup {
            let fd = folder.as_raw_fd().to_ne_bytes();
            let set = skel.maps.cgroup.update(&[0; 4], &fd, MapFlags::ANY);
            set.context("failed to filter by cgroup")?;
        }
        let links = self.attach(session, &skel)?;

        destination.prepare(session);
        session.run(&self.workload)?;
        let begin = Instant::now();
        let mut samples = Samples::default();
        let mut switch = Switch::new(&skel.maps);
        let polled = session.poll(&self.period.stream(), &skel, |seen: &seen| {
            if seen.ended != 0 {
                // the end of the process is that of the run
                return raise(Signal::SIGTERM).context("failed to signal itself");
            }
            samples.meet(seen.pid, seen.space);
            switch.take_due(&mut samples)
        });
        let seconds = begin.elapsed().as_secs_f64();
        drop(links);
        // what was lost is a failure of its own
        if polled.as_ref().is_err_and(|err| exit_code(err) != 3) {
            return polled;
        }
        switch.take_all(&mut samples)?;

        let callers = Callers::of(&samples);
        let report = Report::new(names::of(samples), self.hz, seconds);
        if report.samples == 0 {
            log::warn!(target: "profile", "no sample was taken in {seconds:.1} s: nothing is written");
            return polled;
        }
        destination.write(session, &format.render(&report, before.as_ref())?)?;
        callers.warn();
        polled
    }
}

impl Profile {
    fn configure(&self, open: &mut OpenProfileSkel<'_>) -> Result<()> {
        let namespace = PidNamespace::own()?;
        let command = self.workload.is_given();
        let entries = samples::entries(self.hz);
        open.maps.even.set_max_entries(entries)?;
        open.maps.odd.set_max_entries(entries)?;
        open.maps.cgroup.set_autocreate(self.cgroup.is_some())?;
        if !command {
            open.maps.children.set_max_entries(1)?;
        }
        open.progs.handle_fork.set_autoload(command);
        open.progs
            .handle_exit
            .set_autoload(command || self.pid.is_some());
        let rodata = rodata(open)?;
        rodata.only_pid = self.pid.unwrap_or(0);
        rodata.only_cgroup = self.cgroup.is_some().into();
        (rodata.pidns_dev, rodata.pidns_ino) = (namespace.dev, namespace.ino);
        if command {
            rodata.tracer_pid = std::process::id();
        }
        Ok(())
    }

    fn attach(&self, session: &Session, skel: &ProfileSkel<'_>) -> Result<Vec<libbpf_rs::Link>> {
        let mut links = clock::attach(session, &skel.progs.handle_sample, self.hz)?;
        for program in [&skel.progs.handle_fork, &skel.progs.handle_exit] {
            if program.autoload() {
                let section = program.section().to_string_lossy().into_owned();
                let target = bpfapps_core::Target::of_section(&section).context("no target")?;
                links.push(session.attach_to(program.name(), target, || program.attach())?);
            }
        }
        // now its end is seen
        if let Some(pid) = self.pid
            && !Path::new(&format!("/proc/{pid}/maps")).exists()
        {
            bail!("there is no process {pid}");
        }
        Ok(links)
    }
}

register!(Profile);
