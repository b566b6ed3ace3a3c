//! The smallest BPF application for kernels without global variables: one program, one map.
//!
//! Hooks: tp/syscalls/sys_enter_write.
//! Needs: Linux {{ kernel }}, tracefs, CAP_BPF, CAP_PERFMON and, to read tracefs,
//! CAP_DAC_READ_SEARCH; before Linux 5.8 CAP_SYS_ADMIN stands for all of them.

use std::fs::File;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::process;
use std::time::Duration;

use bpfapps_core::{
    App, Capability, Context, Failure, Needs, Result, Session, bail, kernel, register, skeleton,
    tracefs,
};
use libbpf_rs::skel::Skel as _;
use libbpf_rs::{MapCore, MapFlags};

skeleton!("{{ name }}");

/// Places in map `shared`, as in the `.bpf.c`.
const MY_PID: u32 = 0;
const HITS: u32 = 1;

/// Count the writes of this process in BPF, without global variables
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Write and count once, and end
    #[arg(long)]
    once: bool,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs {
        kernel: "{{ kernel }}",
        btf: false,
        tracefs: true,
        capabilities: &[
            Capability::CAP_BPF,
            Capability::CAP_PERFMON,
            Capability::CAP_DAC_READ_SEARCH,
        ],
        // to read the map, before Linux 5.19
        keeps: &[Capability::CAP_BPF],
    };

    fn run(self, session: &Session) -> Result<()> {
        let mut object = MaybeUninit::uninit();
        let open = session.open({{ Name }}SkelBuilder::default(), &mut object)?;
        let mut skel = session.load(open)?;
        // Until then the program handles nobody's write.
        set(&skel.maps.shared, MY_PID, process::id().into())?;
        tracefs::find_or_mount()?;
        skel.attach().context("failed to attach BPF programs")?;
        // before that there is no capability for BPF alone
        if kernel::version()? >= (5, 8) {
            session.give_up_privileges()?;
        }

        let mut nowhere = File::options().write(true).open("/dev/null")?;
        loop {
            let before = get(&skel.maps.shared, HITS)?;
            nowhere.write_all(b".").context("failed to write to /dev/null")?;
            let hits = get(&skel.maps.shared, HITS)?;
            if hits == before {
                bail!(unseen());
            }
            session.say(&format!("BPF triggered from PID {}: {hits} writes", process::id()))?;
            if self.once || session.sleep(Duration::from_secs(1))? {
                return Ok(());
            }
        }
    }
}

/// The kernel's number for this process is another one, or the program did not run.
fn unseen() -> Failure {
    Failure::new(
        "the BPF program has not seen the write of this process",
        "run it outside of a container: the kernel knows processes in one by other numbers",
    )
}

fn get(map: &impl MapCore, place: u32) -> Result<u64> {
    let value = map.lookup(&place.to_ne_bytes(), MapFlags::ANY)?;
    let value = value.and_then(|value| value.try_into().ok());
    Ok(u64::from_ne_bytes(value.context("the map has no such element")?))
}

fn set(map: &impl MapCore, place: u32, value: u64) -> Result<()> {
    map.update(&place.to_ne_bytes(), &value.to_ne_bytes(), MapFlags::ANY)
        .context("failed to write to the map")
}

register!({{ Name }});
