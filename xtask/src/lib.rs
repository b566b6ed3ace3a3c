//! The tasks of a workspace with bpfapps, run as `cargo xtask <task>`: one module a task.
//!
//! A workspace has a package of its own for them, whose program is called `xtask`:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     bpfapps_xtask::main()
//! }
//! ```
//!
//! Deliberately absent: any crate that links libelf. xtask has to compile on a
//! machine where libelf is yet to be installed, because it installs it.

mod apps;
#[path = "../../bpf-build/src/arch.rs"]
mod arch;
mod bench;
mod busybox;
mod cc;
mod change;
mod dev;
mod dist;
mod doctor;
mod new;
mod run;
mod setup;
mod test;
/// Where the kernel lists its tracepoints, found as apps find it.
#[allow(unreachable_pub, dead_code, reason = "public where it lives")]
#[path = "../../core/src/tracefs.rs"]
mod tracefs;
mod vm;
mod vmlinux;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use bpfapps_task::{cargo, out, path, progress};
// what a shared file makes its errors of
pub(crate) use out::Failure;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the project needs and this machine lacks
    Setup(setup::Options),
    /// Find out whether this machine builds and runs the apps, and what to do where it does not
    Doctor(doctor::Options),
    /// Build and run an app, as root: cargo xtask run bootstrap -d 100
    Run(run::Options),
    /// Run an app, and run it anew after each change of its source
    Dev(dev::Options),
    /// Create an app of a kind of BPF program, complete and tested
    New(new::Options),
    /// Take in an app from elsewhere: a crate of a registry, or a folder
    Add(apps::add::Options),
    /// Remove an app; where its files are here, keep them below target/
    Remove(apps::remove::Options),
    /// Check formatting, lints and documentation, and run every test
    Test(test::Options),
    /// Run the kernel tests, a command or a shell on real kernels, old and new
    Vm(vm::Options),
    /// Generate vmlinux.h anew from a kernel's BTF
    Vmlinux(vmlinux::Options),
    /// Make one statically linked binary, with man pages and completions
    Dist(dist::Options),
    /// Measure bootstrap, beside C programs and other tracers
    Bench(bench::Options),
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let ended = match Cli::parse().task {
        Task::Setup(options) => setup::run(&options),
        Task::Doctor(options) => doctor::run(options),
        Task::Run(options) => run::run(options),
        Task::Dev(options) => dev::run(options),
        Task::New(options) => new::run(&options),
        Task::Add(options) => apps::add::run(&options),
        Task::Remove(options) => apps::remove::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Vm(options) => vm::run(&options),
        Task::Vmlinux(options) => vmlinux::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match ended {
        Ok(code) => code,
        Err(error) => out::failure(&error),
    }
}
