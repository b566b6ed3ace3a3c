//! Attaches programs, by their sections or to a target that only the app knows.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use anyhow::{Error, Result};
use bpfapps_diagnose::{self as diagnose, Target};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::binary;
use libbpf_rs::skel::Skel;
use libbpf_rs::{Link, ProgramMut, UprobeOpts};

use super::{Session, logging};
use crate::app::UsdtProbe;

/// To libbpf: the process that calls does not matter.
const ANY_PROCESS: i32 = -1;

impl Session {
    /// Attaches the programs of a loaded skeleton by their sections. From now on they run.
    ///
    /// # Errors
    ///
    /// Names the program and the hook, and says whether it is missing, not permitted or taken.
    pub fn attach<'obj, S: Skel<'obj>>(&self, skel: &mut S) -> Result<()> {
        let (attached, log) = logging::keep(|| skel.attach());
        let Err(err) = attached else {
            log.print();
            return Ok(());
        };
        let name = diagnose::failed_to_attach(log.messages()).map(str::to_owned);
        let object = skel.object();
        let failed = |name: &String| object.progs().find(|program| program.name() == &**name);
        let program = name.as_ref().and_then(failed);
        let section = program.and_then(|program| program.section().to_str());
        let target = section.and_then(Target::of_section);
        let name = name.as_deref().unwrap_or("BPF programs");
        Err(self.refused(err.into(), name, target, log))
    }

    /// Attaches one program with `attach`, to a target that only the app knows, and explains a failure
    /// as [`Session::attach`] does. `name` is the name of the program or map.
    ///
    /// # Errors
    ///
    /// The error of `attach`, with its cause.
    pub fn attach_to<L, E: Into<Error>>(
        &self,
        name: &OsStr,
        target: Target<'_>,
        attach: impl FnOnce() -> Result<L, E>,
    ) -> Result<L> {
        match logging::keep(attach) {
            (Ok(link), log) => {
                log.print();
                Ok(link)
            }
            (Err(err), log) => {
                Err(self.refused(err.into(), &name.to_string_lossy(), Some(target), log))
            }
        }
    }

    /// Attaches to a function of the kernel: to its calls, or to its returns.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_kprobe(
        &self,
        program: &ProgramMut<'_>,
        function: &str,
        returns: bool,
    ) -> Result<Link> {
        self.attach_to(program.name(), Target::Function(function), || {
            program.attach_kprobe(returns, function)
        })
    }

    /// Attaches to a system call: to its calls, or to its returns.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_ksyscall(
        &self,
        program: &ProgramMut<'_>,
        syscall: &str,
        returns: bool,
    ) -> Result<Link> {
        self.attach_to(program.name(), Target::Syscall(syscall), || {
            program.attach_ksyscall(returns, syscall)
        })
    }

    /// Attaches to a function of a program or library, given by path or by a name to search for, in
    /// one process or in all: to its calls, or to its returns. [`binary::locate`] says how a function
    /// is named; of one process, the library may be in a container.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_uprobe(
        &self,
        program: &ProgramMut<'_>,
        binary: &str,
        function: &str,
        pid: Option<i32>,
        returns: bool,
    ) -> Result<Link> {
        let target = Target::Symbol { binary, function };
        let phase = format!(
            "failed to attach {} to {target}",
            program.name().to_string_lossy()
        );
        let place = binary::locate(binary, function, pid)
            .map_err(|absent| Failure::from(absent).during(&phase))?;
        if returns && !place.is_start {
            // the kernel would put the address of its own code where the function has a variable
            let hint = "trace the whole function, or the place without its return";
            let failure = Failure::new("it is inside of a function, and has no return", hint);
            return Err(failure.code(Code::NO_SYMBOL).during(phase).into());
        }
        let (file, offset) = (place.file.display(), place.offset);
        log::info!(
            "{function} is at offset {offset:#x} of {file}: {}",
            place.about
        );
        let opts = UprobeOpts {
            retprobe: returns,
            ..UprobeOpts::default()
        };
        let pid = pid.unwrap_or(ANY_PROCESS);
        self.attach_to(program.name(), target, || {
            let offset = usize::try_from(place.offset)?;
            let link = program.attach_uprobe_with_opts(pid, &place.file, offset, opts)?;
            anyhow::Ok(link)
        })
    }

    /// Attaches to a probe that is built into a program or library (USDT), given by path or by a
    /// name to search for, in one process or in all: at each place that it is in. Of one process,
    /// the library may be in a container.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_usdt(
        &self,
        program: &ProgramMut<'_>,
        binary: &str,
        probe: &UsdtProbe,
        pid: Option<i32>,
    ) -> Result<Link> {
        let file = pid.and_then(|_| binary::file_of(binary, pid));
        let file = file.as_ref().and_then(|file| file.to_str());
        let binary = file.unwrap_or(binary);
        let UsdtProbe { provider, name } = probe;
        let target = Target::Probe {
            binary,
            provider,
            name,
        };
        let pid = pid.unwrap_or(ANY_PROCESS);
        self.attach_to(program.name(), target, || {
            program.attach_usdt(pid, binary, provider, name)
        })
    }

    /// Attaches a program of the type fentry or fexit to the function that it was given before it was
    /// loaded.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_trampoline(&self, program: &ProgramMut<'_>, function: &str) -> Result<Link> {
        self.attach_to(program.name(), Target::Trampoline(function), || {
            program.attach_trace()
        })
    }

    /// Attaches to a cgroup, open as [`cgroups::open`](bpfapps_host::cgroups::open) returns it.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_cgroup(
        &self,
        program: &ProgramMut<'_>,
        folder: &Path,
        cgroup: impl AsFd,
    ) -> Result<Link> {
        let target = Target::Cgroup(folder, &program.attach_type());
        self.attach_to(program.name(), target, || {
            program.attach_cgroup(cgroup.as_fd().as_raw_fd())
        })
    }

    fn refused(
        &self,
        err: Error,
        name: &str,
        target: Option<Target<'_>>,
        log: diagnose::Kept,
    ) -> Error {
        let verdict = diagnose::attach(err, log.messages(), name, target, self.needs.kernel);
        log.tell(verdict)
    }
}
