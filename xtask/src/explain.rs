//! `cargo xtask explain`: the page of a failure, also where nothing builds yet.

use std::process::ExitCode;

use anyhow::Result;
use bpfapps_explain::{Code, wrap_page};

use crate::out;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The code, such as BPF0071; without one all of them are listed
    #[arg(value_name = "CODE")]
    code: Option<Code>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match options.code {
        Some(code) => out::result(wrap_page(code.page(), out::width()).trim_end())?,
        None => out::result(Code::list().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}
