//! `cargo xtask run`: build as the user, run as root.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use bpfapps_host::shell;
use bpfapps_task::cargo::{self, Built};
use bpfapps_task::workspace::Workspace;

use crate::setup::{self, Stage};
use crate::{out, path};

const NO_SUDO: &str = "not root, and sudo is not available";

/// If set in an app's environment, maps are neither pinned nor reused from pins.
pub(crate) const UNPINNED: &str = "BPFAPPS_UNPINNED";

/// Set in an app's environment: its hints name `cargo xtask`, since its binary is not in PATH.
const XTASK: &str = "BPFAPPS_XTASK";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build with optimizations
    #[arg(long)]
    release: bool,
    /// The app and its arguments: every flag after its name is its own
    #[arg(
        value_name = "APP",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<OsString>,
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    setup::ensure(Stage::Build)?;
    start(options.release, options.args)
}

/// Builds the binary, and becomes it as root.
pub(crate) fn start(release: bool, args: Vec<OsString>) -> Result<ExitCode> {
    may_run(release, &args)?;
    let program = build(release)?.program;
    let mut command = as_root(&program)?;
    // becoming the app leaves its exit code, signals and terminal alone
    let error = command.args(args).exec();
    Err(error).with_context(|| format!("failed to run {}", program.display()))
}

/// A call of the binary as root.
pub(crate) fn as_root(program: &Path) -> Result<Command> {
    let prefix = path::root_prefix().context(NO_SUDO)?;
    let mut command = match prefix {
        [] => Command::new(program),
        [sudo, flags @ ..] => {
            let mut command = Command::new(sudo);
            command.args(flags).arg(preserved()?);
            command.arg("--").arg(program);
            command
        }
    };
    command.env(XTASK, "1");
    Ok(command)
}

/// Fails before a build whose program could not be run. A password is asked for now.
fn may_run(release: bool, args: &[OsString]) -> Result<()> {
    let what = match path::root_prefix() {
        Some([]) => return Ok(()),
        Some([sudo, flags @ ..]) => {
            let validated = Command::new(sudo).args(flags).arg("--validate").status();
            if validated.context("failed to run sudo")?.success() {
                return Ok(());
            }
            "not root, and sudo refuses"
        }
        None => NO_SUDO,
    };
    let workspace = Workspace::here()?;
    let binary = workspace.binary()?;
    let (flag, profile) = match release {
        true => (" --release", "release"),
        false => ("", "debug"),
    };
    let program = workspace.target().join(profile).join(binary);
    let mut words = vec![program.as_os_str()];
    words.extend(args.iter().map(OsString::as_os_str));
    let command = shell::command(&words);
    Err(out::hinted(
        what,
        format!(
            "build it, and run it as root: cargo build --package {binary}{flag} && su -c {}",
            shell::word(command.as_ref())
        ),
    ))
}

/// Builds the binary of a developer.
pub fn build(release: bool) -> Result<Built> {
    let binary = Workspace::here()?.binary()?;
    let mut build = cargo::cargo(["build", "--package", binary]);
    if release {
        build.arg("--release");
    }
    cargo::build(binary, &mut build)
}

/// Environment variables of the app that sudo would remove.
fn preserved() -> Result<String> {
    let binary = Workspace::here()?.binary()?;
    let variable = binary.to_uppercase().replace('-', "_");
    Ok(format!(
        "--preserve-env=BPFAPPS_LOG,{UNPINNED},{XTASK},{variable}_CONFIG"
    ))
}
