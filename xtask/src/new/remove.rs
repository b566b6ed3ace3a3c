//! `cargo xtask remove`: takes back what `cargo xtask new` did.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, bail};

use super::change::Change;
use super::register;
use crate::{cargo, out};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app to remove
    #[arg(value_name = "NAME")]
    name: String,
    /// The workspace to remove it from [default: this one]
    #[arg(long, value_name = "DIR", hide = true)]
    root: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let name = &options.name;
    let root = match options.root.as_deref() {
        Some(root) => root,
        None => cargo::root()?,
    };
    let app = Path::new("apps").join(name);
    let is_name = app.components().count() == 2 && !name.starts_with('.');
    if !is_name || !root.join(&app).is_dir() {
        bail!("there is no app {name}: see apps/");
    }
    let mut change = Change::new(root);
    // what somebody has written is not thrown away
    let away = free_place(root, name);
    change.rename(&app, &away);
    register::remove(name, &mut change)?;
    for path in change.apply()? {
        out::result(path.display())?;
    }
    forget(root);
    out::note(format_args!("its files are in {}", away.display()));
    Ok(ExitCode::SUCCESS)
}

/// Where the app's files are kept: below `target/`, which is nobody's.
fn free_place(root: &Path, name: &str) -> PathBuf {
    let removed = Path::new("target/removed");
    let numbered = (1..).map(|i| removed.join(format!("{name}-{i}")));
    let mut places = [removed.join(name)].into_iter().chain(numbered);
    let free = places.find(|place| root.join(place).symlink_metadata().is_err());
    free.unwrap_or_else(|| removed.join(name))
}

/// The lock file forgets a package when cargo looks at the workspace. Where it can't now, the next
/// build will do.
fn forget(root: &Path) {
    let mut cargo = Command::new(cargo::program());
    let _ = cargo
        .args(["update", "--workspace", "--offline"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
