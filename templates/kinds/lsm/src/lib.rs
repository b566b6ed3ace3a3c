//! Connections that programs open, live; and on demand denied to one process or cgroup, for a while.
//!
//! Hooks: lsm/socket_connect.
//! Needs: Linux {{ kernel }} with BTF and the BPF LSM; CAP_BPF and CAP_PERFMON, and to load an LSM
//! program before Linux 5.9 CAP_SYS_ADMIN.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use bpfapps_core::host::cgroups;
use bpfapps_core::output::boot_time;
use bpfapps_core::{
    App, Code, Context, Document, Failure, Needs, Result, Session, Stream, bail, only_pid, register,
    rodata, skeleton,
};

skeleton!("{{ name }}");

/// A day, so that a forgotten denial ends.
const LONGEST: u64 = 24 * 60 * 60;

/// Lists the active security modules, if securityfs is mounted.
const ACTIVE: &str = "/sys/kernel/security/lsm";

/// Trace connections, and optionally deny them to one process or cgroup
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only this process
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Report only processes in this cgroup v2, and not in those below it
    #[arg(short, long, value_name = "PATH")]
    cgroup: Option<String>,

    /// Deny the reported connections for SECONDS seconds; requires --pid or --cgroup
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    deny: Option<u64>,

    #[command(flatten)]
    stream: Stream,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let cgroup = self.cgroup.as_deref().map(cgroup_id).transpose()?;
        let deny_until_ns = self.deny_until()?;

        let mut object = MaybeUninit::uninit();
        let mut open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        rodata.only_cgroup = cgroup.unwrap_or(0);
        rodata.deny_until_ns = deny_until_ns;

        check_active()?;
        let mut skel = session.load(open)?;
        session.attach(&mut skel)?;

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// End of the denial, in nanoseconds since boot; 0 without a denial.
    fn deny_until(&self) -> Result<u64> {
        let Some(seconds) = self.deny else {
            return Ok(0);
        };
        if self.pid.is_none() && self.cgroup.is_none() {
            bail!(Failure::new(
                "--deny would deny connections to every process",
                "select the processes: --pid PID or --cgroup PATH",
            ));
        }
        log::info!("connections are denied for {seconds} s");
        let length = Duration::from_secs(seconds).as_nanos();
        Ok(boot_time()?.saturating_add(u64::try_from(length)?))
    }
}

/// The kernel's number for a cgroup v2.
fn cgroup_id(path: &str) -> Result<u64> {
    let folder = cgroups::folder(path)?;
    let metadata = fs::metadata(&folder);
    let metadata = metadata.with_context(|| format!("failed to read {}", folder.display()))?;
    Ok(metadata.ino())
}

/// Without the BPF LSM the program loads and attaches, but is never called.
fn check_active() -> Result<()> {
    let Ok(active) = fs::read_to_string(ACTIVE) else {
        log::info!("{ACTIVE} can not be read: the BPF LSM may be off");
        return Ok(());
    };
    match active.trim().split(',').any(|name| name == "bpf") {
        true => Ok(()),
        false => bail!(Failure::new(
            "the BPF LSM is not active in this kernel",
            format!("boot it with lsm={},bpf", active.trim()),
        )
        .code(Code::LSM_OFF)),
    }
}

register!({{ Name }});
