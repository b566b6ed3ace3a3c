//! `cargo xtask bench`: figures about bootstrap, from a package that is compiled when it is called.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;

use crate::{cargo, out};

const PROGRAM: &str = "bpfapps-bench";

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Measurements to run: see --help
    #[arg(
        value_name = "WHAT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let package = Workspace::here()?.member_with(PROGRAM).ok_or_else(|| {
        out::hinted(
            "there is nothing to measure here: the benchmarks are about bpfapps bootstrap",
            "run this in a checkout of bpfapps",
        )
    })?;
    let mut command = cargo::cargo(["run", "--package", &package.name, "--"]);
    Err(command.args(&options.args).exec()).context("failed to run cargo")
}
