//! `cargo xtask show`: the Rust code that the build makes of an app's header.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;

use crate::setup::{self, Stage};
use crate::{out, run};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app
    #[arg(value_name = "APP")]
    app: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let app = &options.app;
    let package = Workspace::here()?.package_of(app)?;
    setup::ensure(Stage::Build)?;
    let built = run::build(false)?;
    let file = built.out_dir(package)?.join(format!("{app}.records.rs"));
    let code = fs::read_to_string(&file);
    let code = code.with_context(|| format!("failed to read {}", file.display()))?;
    out::result(format_args!("// {}\n{}", file.display(), code.trim_end()))?;
    Ok(ExitCode::SUCCESS)
}
