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
    let program = build(release)?.program;
    let mut command = as_root(&program)?;
    // becoming the app leaves its exit code, signals and terminal alone
    let error = command.args(args).exec();
    Err(error).with_context(|| format!("failed to run {}", program.display()))
}

/// A call of the binary as root.
pub(crate) fn as_root(program: &Path) -> Result<Command> {
    let prefix = path::root_prefix().ok_or_else(|| {
        out::hinted(
            "not root, and sudo is not available",
            format!("run as root: {}", shell::word(program.as_ref())),
        )
    })?;
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
