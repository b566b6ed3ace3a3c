//! `cargo xtask docs`: the book in `docs/`, and whether the links of all pages lead somewhere.

mod links;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use bpfapps_task::workspace::root;

use crate::setup::{self, Stage};
use crate::{out, progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only check links
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let broken = links::broken(root()?)?;
    for link in &broken {
        out::note(link);
    }
    if !broken.is_empty() {
        bail!("{} links lead nowhere", broken.len());
    }
    if options.check {
        return Ok(ExitCode::SUCCESS);
    }
    setup::ensure(Stage::Docs)?;
    let mut build = Command::new("mdbook");
    build.arg("build").arg(root()?.join("docs"));
    let built = progress::watch("mdbook", build)?;
    if !built.status.success() {
        out::note(built.output.trim_end());
        return Ok(ExitCode::FAILURE);
    }
    let book = root()?.join("target/book/index.html");
    out::result(book.display())?;
    Ok(ExitCode::SUCCESS)
}
