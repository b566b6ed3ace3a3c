//! `cargo xtask new`: an app of any kind of BPF program, complete and tested, in one command.

mod ask;
mod format;
pub(crate) mod kind;
mod list;
pub(crate) mod lookup;
pub(crate) mod name;
mod standalone;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_host::shell;
use bpfapps_task::workspace::Workspace;
use bpfapps_templates::{App, Kind, Release, package};

use crate::apps::{self, Entry};
use crate::change::Change;
use crate::out;
use name::Taken;

/// The kind of an app for which no template was chosen.
const DEFAULT_KIND: &str = "tracepoint";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app: its folder below apps/, its subcommand, and its .bpf.c
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// Kind of BPF program, see --list
    #[arg(short, long, value_name = "KIND", default_value = DEFAULT_KIND)]
    template: String,
    /// Answer a question of the template; may be given again
    #[arg(short, long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// List the kinds, and their parameters for --set
    #[arg(long, conflicts_with_all = ["name", "set", "standalone"])]
    list: bool,
    /// Make a repository of its own in DIR, which is new or empty, and call its binary so
    #[arg(long, value_name = "DIR")]
    standalone: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let kinds = Kind::all()?;
    let Some(name) = &options.name else {
        list::print(&kinds)?;
        return Ok(ExitCode::SUCCESS);
    };
    let kind = kind::find(kinds, &options.template)?;
    let release = Release::new()?;
    let (root, taken, mut change) = match &options.standalone {
        Some(folder) => {
            let binary = standalone::binary(folder, &release)?;
            let change = standalone::repository_in(folder, &binary, name, &kind.name, &release)?;
            (
                folder.as_path(),
                Taken::by_none_but(binary, &release),
                change,
            )
        }
        None => {
            let here = Workspace::here()?;
            (here.root(), Taken::within(here)?, Change::new(here.root()))
        }
    };
    let package = package(&taken.binary, name);
    name::check(name, &package, &taken, &root.join("apps"))?;
    let app = App {
        binary: &taken.binary,
        name,
        values: &ask::values(&kind, &options.set)?,
    };
    add(&kind, &app, &release, &mut change)?;
    let touched = change.apply()?;
    format::note_absence();
    if let Some(folder) = &options.standalone {
        standalone::init(folder)?;
        standalone::note_place(folder)?;
    }

    for path in touched {
        out::result(root_relative(root, &path, options.standalone.is_some()))?;
    }
    next_step(name, options.standalone.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// Adds an app to a change.
pub(crate) fn add(
    kind: &Kind,
    app: &App<'_>,
    release: &Release,
    change: &mut Change,
) -> Result<()> {
    let folder = Path::new("apps").join(app.name);
    let mut files = app.render(kind)?;
    format::rust(&mut files).context("failed to format the app")?;
    for file in files {
        change.create(folder.join(file.path), file.text);
    }
    apps::versions(App::dependencies(kind), release, change)?;
    let package = package(app.binary, app.name);
    let entry = Entry {
        name: app.name,
        package: &package,
        library: &package.replace('-', "_"),
        source: apps::folder(&Path::new("..").join(folder)),
    };
    entry.add(change)
}

fn root_relative(root: &Path, path: &Path, standalone: bool) -> String {
    match standalone {
        true => root.join(path).display().to_string(),
        false => path.display().to_string(),
    }
}

fn next_step(name: &str, standalone: Option<&Path>) -> Result<()> {
    let enter = standalone.map(|folder| format!("cd {} && ", shell::word(folder.as_ref())));
    let enter = enter.unwrap_or_default();
    out::result(format_args!("\nnext: {enter}cargo xtask run {name}"))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("not of the form KEY=VALUE".to_owned()),
    }
}
