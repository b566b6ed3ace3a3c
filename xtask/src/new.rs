//! `cargo xtask new`: an app of any kind of BPF program, complete and tested, in one command.

mod ask;
pub(crate) mod change;
mod format;
mod held;
pub(crate) mod kind;
mod list;
pub(crate) mod machine;
mod name;
pub(crate) mod register;
pub(crate) mod remove;
mod render;
mod standalone;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{cargo, out};
use change::Change;
use kind::Kind;

/// The kind of an app for which no template was chosen.
const DEFAULT_KIND: &str = "tracepoint";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app: its folder below apps/, its subcommand, and its .bpf.c
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// What kind of BPF program it is built on, see --list
    #[arg(short, long, value_name = "KIND", default_value = DEFAULT_KIND)]
    template: String,
    /// Answer a question of the template; may be given again
    #[arg(short, long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// List the kinds, and what each can be told with --set
    #[arg(long, conflicts_with_all = ["name", "set", "standalone"])]
    list: bool,
    /// Make the app a workspace of its own in DIR, which must not be there yet
    #[arg(long, value_name = "DIR")]
    standalone: Option<PathBuf>,
    /// The workspace to add it to [default: this one]
    #[arg(long, value_name = "DIR", hide = true, conflicts_with = "standalone")]
    root: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let kinds = Kind::all()?;
    let Some(name) = &options.name else {
        list::print(&kinds)?;
        return Ok(ExitCode::SUCCESS);
    };
    let kind = kind::find(kinds, &options.template)?;
    let root = match options.root.as_deref() {
        Some(root) => root,
        None => cargo::root()?,
    };
    let (root, mut change) = match &options.standalone {
        Some(folder) => (folder.as_path(), standalone::workspace(folder)?),
        None => (root, Change::new(root)),
    };
    name::check(name, root)?;
    let values = ask::values(&kind, &options.set)?;
    add(&kind, name, &values, &mut change)?;
    let touched = change.apply()?;
    format::note_absence();

    // of a new workspace its folder says it all
    let shown = |path: &PathBuf| options.standalone.is_none() || path.starts_with("apps");
    for path in touched.iter().filter(|path| shown(path)) {
        out::result(root_relative(root, path, options.standalone.is_some()))?;
    }
    next_step(name, options.standalone.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// Adds an app to what is to change.
pub(crate) fn add(
    kind: &Kind,
    name: &str,
    values: &kind::Values,
    change: &mut Change,
) -> Result<()> {
    let app = Path::new("apps").join(name);
    let mut files = render::app(kind, name, values)?;
    format::rust(&mut files).context("failed to format the app")?;
    for file in files {
        change.create(app.join(file.path), file.text);
    }
    register::add(name, change)
}

fn root_relative(root: &Path, path: &Path, standalone: bool) -> String {
    match standalone {
        true => root.join(path).display().to_string(),
        false => path.display().to_string(),
    }
}

fn next_step(name: &str, standalone: Option<&Path>) -> Result<()> {
    let enter = standalone.map(|folder| format!("cd {} && ", folder.display()));
    let enter = enter.unwrap_or_default();
    out::result(format_args!("\nnext: {enter}cargo xtask run {name}"))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("not of the form KEY=VALUE".to_owned()),
    }
}
