//! `cargo xtask doctor`: whether this machine builds the apps, and then, with the binary that it
//! built, whether it runs them.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use bpfapps_explain::{Check, Status, table};
use bpfapps_task::workspace::Workspace;
use nix::sys::statvfs::statvfs;

use crate::setup::{self, Probe};
use crate::{out, run};

/// Space for a first build with its tests, roughly.
const SPACE: u64 = 4 << 30;
const FILES: u64 = 20_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Arguments of the binary's own doctor: apps, --object FILE, --fix
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<OsString>,
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let mut checks = vec![rust()];
    checks.extend(setup::building().into_iter().map(|(requirement, remedy)| {
        let found = match requirement.probe {
            Probe::Clang => version(Command::new(setup::clang()).arg("--version")),
            _ => None,
        };
        let found = found.unwrap_or_else(|| "there".to_owned());
        let check = Check::ok("building", requirement.name, found);
        match remedy {
            None => check,
            Some(remedy) => {
                let cause = format!("missing, {}", requirement.why);
                Check {
                    found: "not there".to_owned(),
                    ..check
                }
                .bad(Status::Fail, cause, remedy)
            }
        }
    }));
    checks.push(space());
    checks.push(place());

    let colours = io::stdout().is_terminal();
    write!(
        io::stdout().lock(),
        "{}",
        table(checks.iter(), colours, out::width(), "cargo xtask explain")
    )
    .context("failed to write to stdout")?;
    if checks.iter().any(|check| check.status == Status::Fail) {
        out::note("run cargo xtask setup to install what is missing, then this again");
        return Ok(ExitCode::FAILURE);
    }
    let mut args = vec!["doctor".into()];
    args.extend(options.args);
    run::start(false, args)
}

fn rust() -> Check {
    const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");
    let found = version(Command::new("rustc").arg("--version"));
    let found = found.unwrap_or_else(|| "new enough to build this task".to_owned());
    let check = Check::ok("building", "Rust", &*found);
    let parts = |version: &str| -> Option<(u32, u32)> {
        let mut numbers = version.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    let is_old = found
        .split(' ')
        .nth(1)
        .and_then(parts)
        .is_some_and(|version| Some(version) < parts(OLDEST));
    match is_old {
        false => check,
        true => check.bad(
            Status::Fail,
            format!("the workspace needs Rust {OLDEST}"),
            "rustup update stable",
        ),
    }
}

/// The folder to build in.
fn place() -> Check {
    let name = "folder";
    let target = match Workspace::here() {
        Ok(workspace) => workspace.target(),
        Err(error) => return Check::ok("building", name, format!("unknown: {error:#}")),
    };
    let check = Check::ok("building", name, target.display().to_string());
    match setup::place::refusal(target) {
        None => check,
        Some(refusal) => check.bad(Status::Fail, refusal.what, refusal.fix),
    }
}

/// The first line of what a program says of itself.
fn version(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|it| it.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}

/// The space in `target/`, or in the nearest existing folder above it.
fn space() -> Check {
    let name = "space";
    let target = match Workspace::here() {
        Ok(workspace) => workspace.target(),
        Err(error) => return Check::ok("building", name, format!("unknown: {error:#}")),
    };
    let folder = target.ancestors().find(|folder| folder.is_dir());
    let folder = folder.unwrap_or(Path::new("/"));
    let Ok(fs) = statvfs(folder) else {
        return Check::ok("building", name, "the file system does not say");
    };
    let free = fs.blocks_available().saturating_mul(fs.fragment_size());
    let gib = |bytes: u64| bytes as f64 / (1_u64 << 30) as f64;
    // a file system that makes them as it needs them has none
    let files = (fs.files() > 0).then(|| fs.files_available());
    let mut found = format!("{:.1} GiB free in {}", gib(free), folder.display());
    if let Some(files) = files {
        found += &format!(", for {files} files");
    }
    let check = Check::ok("building", name, found);
    let is_built = target.join("debug").is_dir();
    let short = free < SPACE || files.is_some_and(|files| files < FILES);
    match short && !is_built {
        false => check,
        true => check.bad(
            Status::Warn,
            format!(
                "a first build with its tests needs {:.0} GiB and {FILES} files",
                gib(SPACE)
            ),
            "make room, or build elsewhere: CARGO_TARGET_DIR=FOLDER",
        ),
    }
}
