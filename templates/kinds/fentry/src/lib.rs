//! Files that are removed on this machine, live: by whom, which, and whether it worked.
//!
//! Hooks: fentry and fexit of `do_unlinkat` or `filename_unlinkat`; where the kernel refuses them
//! kprobe and kretprobe.
//! Needs: Linux {{ kernel }} with BTF; CAP_BPF and CAP_PERFMON.

use std::mem::MaybeUninit;

use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_core::host::hooks::has_kprobes;
use bpfapps_core::{
    App, Code, Document, Error, Failure, Needs, Result, Session, Stream, logging, only_pid,
    register, rodata, skeleton,
};
use libbpf_rs::{Link, OpenObject};

skeleton!("{{ name }}");

/// The kernel function behind unlink(2) and unlinkat(2); the second name since Linux 7. Both have
/// the same arguments.
const FUNCTIONS: [&str; 2] = ["do_unlinkat", "filename_unlinkat"];

/// Trace files that are removed
#[derive(Debug, clap::Args)]
struct {{ Name }} {
    /// Report only what this process does
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Report only what did not work
    #[arg(short, long)]
    failed: bool,

    /// Use kprobes even if the kernel supports fentry
    #[arg(long)]
    kprobe: bool,

    #[command(flatten)]
    stream: Stream,
}

/// How the programs attach to the function.
#[derive(Clone, Copy, Debug)]
enum Hook {
    Fentry,
    Kprobe,
}

impl App for {{ Name }} {
    const NAME: &'static str = "{{ name }}";

    const NEEDS: Needs = Needs::linux("{{ kernel }}").btf();

    const DOCUMENTS: &'static [Document] = event::DOCUMENTS;

    fn run(self, session: &Session) -> Result<()> {
        let functions = Functions::read()?;
        let function = functions.first_of(&FUNCTIONS)?;
        let (mut first, mut second) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (skel, _links) = match self.by_fentry(session, &mut first, function) {
            Ok(attached) => attached,
            Err(refused) => {
                log::info!("no fentry: {refused:#}");
                let attached = self.attach(session, &mut second, Hook::Kprobe, function);
                attached.map_err(|err| explain(err, &refused))?
            }
        };

        session.report::<event>(&self.stream, &skel)
    }
}

impl {{ Name }} {
    /// Attaches by fentry, without libbpf's warnings where that is refused: there is another way.
    fn by_fentry<'obj>(
        &self,
        session: &Session,
        object: &'obj mut MaybeUninit<OpenObject>,
        function: &str,
    ) -> Result<({{ Name }}Skel<'obj>, [Link; 2])> {
        if self.kprobe {
            return Err(Error::msg("--kprobe is given"));
        }
        logging::silently(|| self.attach(session, object, Hook::Fentry, function))
    }

    fn attach<'obj>(
        &self,
        session: &Session,
        object: &'obj mut MaybeUninit<OpenObject>,
        hook: Hook,
        function: &str,
    ) -> Result<({{ Name }}Skel<'obj>, [Link; 2])> {
        let mut open = session.open({{ Name }}SkelBuilder::default(), object)?;
        let rodata = rodata(&mut open)?;
        only_pid!(rodata, self.pid);
        rodata.only_failed = self.failed.into();

        let progs = &mut open.progs;
        let is_fentry = matches!(hook, Hook::Fentry);
        for program in [&mut progs.fentry_unlink, &mut progs.fexit_unlink] {
            program.set_autoload(is_fentry);
            if is_fentry {
                program.set_attach_target(0, Some(function.to_owned()))?;
            }
        }
        progs.kprobe_unlink.set_autoload(!is_fentry);
        progs.kretprobe_unlink.set_autoload(!is_fentry);

        let skel = session.load(open)?;
        let progs = &skel.progs;
        // attach the return probe first, so that no traced call misses its return
        let fentry = |program| session.attach_trampoline(program, function);
        let kprobe = |program, returns| session.attach_kprobe(program, function, returns);
        let links = match hook {
            Hook::Fentry => [fentry(&progs.fexit_unlink)?, fentry(&progs.fentry_unlink)?],
            Hook::Kprobe => [
                kprobe(&progs.kretprobe_unlink, true)?,
                kprobe(&progs.kprobe_unlink, false)?,
            ],
        };
        log::info!("attached to {function}: {hook:?}");
        Ok((skel, links))
    }
}

/// Neither way works.
fn explain(err: Error, refused: &Error) -> Error {
    if has_kprobes() {
        return err;
    }
    err.context(Failure::new(
        format!("this kernel has no kprobes, and refuses fentry: {refused:#}"),
        "use a kernel built with CONFIG_KPROBE_EVENTS or CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS, \
         and not locked down",
    )
    .code(Code::NO_SUPPORT))
}

register!({{ Name }});
