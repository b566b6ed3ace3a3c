//! `cargo xtask remove`: reverses `cargo xtask new`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, bail};

use crate::change::Change;
use crate::{out, path, workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The app to remove
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let name = &options.name;
    let root = workspace::root()?;
    let app = Path::new("apps").join(name);
    let is_name = app.components().count() == 2 && !name.starts_with('.');
    let mut change = Change::new(root);
    let is_listed = is_name && super::unlist(name, &mut change)?;
    // the author's files are kept
    let away = (is_name && root.join(&app).is_dir()).then(|| free_place(root, name));
    if let Some(away) = &away {
        change.rename(&app, away);
    } else if !is_listed {
        bail!("there is no app {name}: see apps/ and cli/src/apps.rs");
    }
    for path in change.apply()? {
        out::result(path.display())?;
    }
    forget(root);
    if let Some(away) = away {
        out::note(format_args!("its files are in {}", away.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder below `target/` in which the app's files are kept.
fn free_place(root: &Path, name: &str) -> PathBuf {
    let removed = Path::new("target/removed");
    let numbered = (1..).map(|i| removed.join(format!("{name}-{i}")));
    let mut places = [removed.join(name)].into_iter().chain(numbered);
    let free = places.find(|place| root.join(place).symlink_metadata().is_err());
    free.unwrap_or_else(|| removed.join(name))
}

/// Lets cargo update the lock file. If that fails now, the next build will do it.
fn forget(root: &Path) {
    if !root.join("Cargo.lock").exists() {
        return;
    }
    let mut cargo = Command::new(path::cargo());
    let _ = cargo
        .args(["update", "--workspace", "--offline"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
