//! `cargo xtask explain`: the page of a failure, also where nothing builds yet.

use std::process::ExitCode;

use anyhow::Result;
use bpfapps_explain::Code;

use crate::out;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The code, such as BPF0071
    #[arg(value_name = "CODE")]
    code: Code,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    out::result(options.code.page().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
