//! Virtual machines with the kernels that people have, for the kernel tests of a workspace.
//!
//! ```text
//! Kernels    Debian's, downloaded once, or files      ┐
//! Suite      static programs, built by the caller     ├─ Machines ─┬─ test() → Report
//! busybox    a shell and its commands                 ┘            ├─ run()
//!                                                                  └─ shell()
//! ```
//!
//! A machine is QEMU, a kernel and an initramfs, without disk, network and modules. Its first
//! process (`machine/init.sh`) sends JSON over a serial port on which the kernel does not print.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use bpfapps_task::Arch;
//! use bpfapps_vm::{Accel, Kernels, Machines, Programs, Suite};
//!
//! # fn main() -> anyhow::Result<()> {
//! let mut kernels = Kernels::given(Arch::Amd64, &[])?;
//! kernels.add_usual(false)?;
//! let own = Programs { binary: "target/mytool".into(), tests: Vec::new() };
//! let suite = Suite { own, rendered: None, files: Vec::new() };
//! let (folder, busybox) = (Path::new("target/vm"), Path::new("/bin/busybox"));
//! let machines = Machines::new(folder, &kernels, Accel::Tcg, busybox, &suite, None)?;
//! print!("{}", machines.test()?.table()?);
//! # Ok(())
//! # }
//! ```

mod boot;
mod enter;
mod kernels;
mod machine;
mod report;
mod results;
mod rust;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bpfapps_host::Release;

pub use kernels::{Image, Kernels, Source};
pub use machine::Accel;
pub use report::Report;
pub use rust::rust;

use kernels::Kernel;
use machine::{Machine, initramfs};

/// Programs for virtual machines, all linked statically.
#[derive(Debug)]
pub struct Suite {
    /// The programs of the workspace.
    pub own: Programs,
    /// The programs of its rendered templates, if it has templates.
    pub rendered: Option<Programs>,
    /// Further files, which are in `/files`.
    pub files: Vec<PathBuf>,
}

/// A binary with apps, and what tests it.
#[derive(Debug)]
pub struct Programs {
    /// The binary, under its name.
    pub binary: PathBuf,
    /// The tests for it.
    pub tests: Vec<Tests>,
}

/// The kernel tests of a package.
#[derive(Debug)]
pub struct Tests {
    /// The package's name.
    pub package: String,
    /// The test program.
    pub program: PathBuf,
}

/// The machines to boot, one a kernel.
#[derive(Debug, Default)]
pub struct Machines(Vec<Machine>);

impl Machines {
    /// Prepares the machines in `folder`. They run `command`, or the tests without one; an empty
    /// command is a shell.
    pub fn new(
        folder: &Path,
        kernels: &Kernels,
        accel: Accel,
        busybox: &Path,
        suite: &Suite,
        command: Option<&[OsString]>,
    ) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to create {}", folder.display()))?;
        let initramfs = folder.join("initramfs.cpio");
        // replaced as a whole: another machine may be about to read it
        let fresh = folder.join("initramfs.new");
        let script = command.map(enter::script);
        initramfs::write(&fresh, busybox, suite, script.as_deref())?;
        fs::rename(&fresh, &initramfs).context("failed to replace the initramfs")?;

        let machine = |kernel: &Kernel| {
            let mut machine = Machine {
                arch: kernels.arch,
                version: kernel.version.clone(),
                image: kernel.image.clone(),
                initramfs: initramfs.clone(),
                console: PathBuf::new(),
                accel,
            };
            machine.console = folder.join(format!("{}.log", machine.name()));
            machine
        };
        Ok(Self(kernels.kernels.iter().map(machine).collect()))
    }

    /// Runs the tests on each.
    pub fn test(&self) -> Result<Report> {
        boot::test(&self.0)
    }

    /// Runs the command on each, and answers the highest exit code.
    pub fn run(&self) -> Result<u8> {
        enter::run(&self.0)
    }

    /// Runs the command on each, and passes each line of its output, with the kernel.
    pub fn lines(&self, mut line: impl FnMut(&Release, &[u8]) -> Result<()>) -> Result<()> {
        for machine in &self.0 {
            enter::run_on(machine, |text| line(&machine.version, text))?;
        }
        Ok(())
    }

    /// A shell on the last one, on this terminal.
    pub fn shell(&self) -> Result<()> {
        let machine = self.0.last().context("no kernel to boot")?;
        machine.shell()
    }
}
