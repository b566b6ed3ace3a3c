//! `cargo xtask docs`: the book in `docs/`, and the links and console blocks of all pages.

mod book;
mod console;
mod links;
mod pages;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use bpfapps_task::workspace::root;

use self::pages::Page;
use crate::setup::{self, Stage};
use crate::{out, progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only check links and console blocks
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let pages = pages::all(root()?)?;
    let wrong = wrong(&pages)?;
    for mistake in &wrong {
        out::note(mistake);
    }
    if !wrong.is_empty() {
        bail!("the pages have {} mistakes", wrong.len());
    }
    if options.check {
        return Ok(ExitCode::SUCCESS);
    }
    setup::ensure(Stage::Docs)?;
    let mut build = Command::new("mdbook");
    build.arg("build").arg(book::stage(root()?, &pages)?);
    let built = progress::watch("mdbook", build)?;
    if !built.status.success() {
        out::note(built.output.trim_end());
        return Ok(ExitCode::FAILURE);
    }
    let book = root()?.join("target/book/index.html");
    out::result(book.display())?;
    Ok(ExitCode::SUCCESS)
}

fn wrong(pages: &[Page]) -> Result<Vec<String>> {
    let mut wrong = links::broken(pages)?;
    wrong.extend(console::wrong(pages));
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_workspace_are_right() -> Result<()> {
        let none: [String; 0] = [];
        assert_eq!(wrong(&pages::all(root()?)?)?, none);
        Ok(())
    }
}
