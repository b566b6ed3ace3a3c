//! The tasks of a workspace with bpfapps, run as `cargo xtask <task>`: one module a task.
//!
//! A workspace has a package of its own for them, with the program `xtask`:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     bpfapps_xtask::main()
//! }
//! ```
//!
//! The public modules are what other tasks of a workspace build on, such as the benchmarks here.
//!
//! Deliberately absent: any crate that links libelf. xtask installs libelf, so it has to compile
//! without it.

mod again;
mod apps;
mod bench;
mod btf;
mod busybox;
pub mod cc;
mod change;
mod completions;
mod corpus;
mod dev;
pub mod dist;
mod docs;
mod doctor;
mod elf;
mod explain;
mod new;
pub mod run;
pub mod setup;
mod show;
pub mod target;
mod test;
mod vm;
pub mod vmlinux;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub(crate) use bpfapps_task::{cargo, out, path, progress, workspace};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install the project's requirements that this machine lacks
    Setup(setup::Options),
    /// Check whether this machine builds and runs the apps, and show how to fix what does not work
    Doctor(doctor::Options),
    /// Explain a failure by its code: its cause, an example, and what fixes it
    Explain(explain::Options),
    /// Build and run an app, as root: cargo xtask run bootstrap -d 100
    Run(run::Options),
    /// Run an app, and run it again after each change of its source
    Dev(dev::Options),
    /// Print the Rust code that the build makes of an app's header: its columns, fields and schema
    Show(show::Options),
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
    /// Generate vmlinux.h from a kernel's BTF
    Vmlinux(vmlinux::Options),
    /// Keep what the apps read of kernels' types, for kernels without BTF
    Btf(btf::Options),
    /// Build the book in docs/, and check links and console blocks of all pages
    Docs(docs::Options),
    /// Make one statically linked binary, with man pages, completions, units and packages
    Dist(dist::Options),
    /// Print the completions of cargo xtask for a shell: its tasks, and the apps and kinds here
    Completions(completions::Options),
    /// Explain why the kernel's own selftests do not load, and count what is not explained
    Corpus(corpus::Options),
    /// Measure bootstrap, and compare it with C programs and other tracers
    Bench(bench::Options),
}

/// Runs the task that the command line names.
pub fn main() -> ExitCode {
    let ended = match Cli::parse().task {
        Task::Setup(options) => setup::run(&options),
        Task::Doctor(options) => doctor::run(options),
        Task::Explain(options) => explain::run(&options),
        Task::Run(options) => run::run(options),
        Task::Dev(options) => dev::run(options),
        Task::Show(options) => show::run(&options),
        Task::New(options) => new::run(&options),
        Task::Add(options) => apps::add::run(&options),
        Task::Remove(options) => apps::remove::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Vm(options) => vm::run(&options),
        Task::Vmlinux(options) => vmlinux::run(&options),
        Task::Btf(options) => btf::run(&options),
        Task::Docs(options) => docs::run(&options),
        Task::Dist(options) => dist::run(&options),
        Task::Completions(options) => completions::run(&options, Cli::command()),
        Task::Corpus(options) => corpus::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match ended {
        Ok(code) => code,
        Err(error) => out::failure(&error),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_first_line_of_the_help_names_every_task() {
        let command = Cli::command();
        let tasks: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        let line = format!("The tasks of a bpfapps workspace: {}", tasks.join(", "));
        let about = command.get_about().map(ToString::to_string);
        assert_eq!(about, Some(line));
    }
}
