//! Calls of kernel functions, counted.
//!
//! Hooks: kprobe.multi of each function that matches {{ pattern }}, or another pattern.
//! Needs: Linux {{ kernel }} with fprobe, tracefs, CAP_BPF, CAP_PERFMON.

use std::cmp::Reverse;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;
use std::time::Duration;

use bpfapps_core::output::boot_time;
use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::{
    App, Capability, Context, Document, Failure, Needs, Result, Session, Snapshot, Target, bail,
    only_pid, register, rodata, set_text, skeleton,
};
use libbpf_rs::{KprobeMultiOpts, Link, MapCore, MapFlags, ProgramMut};

skeleton!("{{ name }}");

/// Far below the kernel's limit, and more than anyone needs.
const MOST: usize = 10_000;

/// Count calls of functions of the kernel that match {{ pattern }}
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Functions to count, with * for anything
    #[arg(short, long, value_name = "PATTERN", default_value = "{{ pattern }}")]
    functions: String,

    /// Count for SECONDS seconds
    #[arg(short, long, value_name = "SECONDS", default_value = "1")]
    time: NonZeroU32,

    /// Count only calls by this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    #[command(flatten)]
    snapshot: Snapshot,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    // to read the counts, before Linux 5.19
    const NEEDS: Needs = Needs::linux("{{ kernel }}").tracefs().keeps(&[Capability::CAP_BPF]);

    const DOCUMENTS: &'static [Document] = calls::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let traceable = Functions::traceable()?;
        let functions = traceable.matching(&self.functions);
        check(&self.functions, functions.len())?;
        open.maps.counts.set_max_entries(u32::try_from(functions.len())?)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);

        let skel = session.load(open)?;
        let _link = self.attach(session, &skel.progs.handle_call, &functions)?;
        log::info!("attached to {} functions", functions.len());

        let mut before = vec![0; functions.len()];
        session.snapshots::<calls>(&self.snapshot, |rows| {
            session.sleep(Duration::from_secs(u64::from(self.time.get())))?;
            let time_ns = boot_time()?;
            let now = read(&skel.maps.counts, functions.len())?;
            let counts = now.iter().zip(&before).map(|(now, before)| now - before);
            let mut busy: Vec<_> = counts.zip(&functions).filter(|(count, _)| *count > 0).collect();
            busy.sort_by_key(|(count, name)| (Reverse(*count), **name));
            before = now;
            busy.iter().try_for_each(|(count, name)| {
                let mut row = calls { time_ns, count: *count, ..calls::default() };
                set_text(&mut row.function, name);
                rows.write(&row)
            })
        })
    }
}

impl {{ Name }} {
    /// Attaches to all of them, for as long as the link lives.
    fn attach(
        &self,
        session: &Session,
        program: &ProgramMut<'_>,
        functions: &[&str],
    ) -> Result<Link> {
        let opts = KprobeMultiOpts {
            symbols: functions.iter().map(|&name| name.to_owned()).collect(),
            cookies: (0..functions.len() as u64).collect(),
            ..KprobeMultiOpts::default()
        };
        session.attach_to(program.name(), Target::Functions(&self.functions), || {
            program.attach_kprobe_multi_with_opts(opts)
        })
    }
}

/// Fails if the pattern matches no function, or too many.
fn check(pattern: &str, count: usize) -> Result<()> {
    match count {
        0 => bail!(Failure::new(
            format!("this kernel has no function to trace that matches `{pattern}`"),
            "available_filter_functions in tracefs lists them; * matches anything",
        )),
        1..=MOST => Ok(()),
        _ => bail!(Failure::new(
            format!("{count} functions match `{pattern}`, and {MOST} is the most"),
            "make the pattern more specific",
        )),
    }
}

/// The counts, as they are now.
fn read(counts: &impl MapCore, len: usize) -> Result<Vec<u64>> {
    let count = |place: usize| {
        let key = u32::try_from(place)?.to_ne_bytes();
        let value = counts.lookup(&key, MapFlags::ANY)?;
        let value = value.and_then(|value| value.try_into().ok());
        Ok(u64::from_ne_bytes(value.context("a count is missing")?))
    };
    (0..len).map(count).collect()
}

register!({{ Name }});
