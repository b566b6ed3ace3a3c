//! `--standalone`: a repository of one's own, which depends on these crates and has none of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use bpfapps_templates::{Release, standalone};

use super::name::{is_keyword, words};
use crate::change::Change;
use crate::out;
use crate::setup::place::{self, Refusal};

/// Names of folders below `target/`, which cargo gives to no binary, and of the tasks' package.
const RESERVED: [&str; 6] = ["build", "deps", "examples", "incremental", "test", "xtask"];

/// The name of the binary in a repository at `folder`: the folder's name.
pub(super) fn binary(folder: &Path, release: &Release) -> Result<String> {
    let whole = std::path::absolute(folder).context("no such place")?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let why = |why: String| {
        let better = words(&name).join("-");
        let hint = match refusal(&better, release) {
            None => format!("try `{better}`"),
            Some(_) => "name another folder: lower-case letters, digits, `-` and `_`".to_owned(),
        };
        let what = format!("no binary can be called `{name}`, as this folder is: {why}");
        out::hinted(what, hint)
    };
    refusal(&name, release).map_or_else(|| Ok(name.to_string()), |reason| Err(why(reason)))
}

/// Why a binary and its package can't have that name.
fn refusal(name: &str, release: &Release) -> Option<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if let Some(wrong) = name.chars().find(|&c| !is_word(c)) {
        return Some(format!("it contains {wrong:?}"));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("it does not start with a letter".to_owned());
    }
    if is_keyword(name) || RESERVED.contains(&name) {
        return Some("cargo takes it for something else".to_owned());
    }
    let mut taken = release.dependencies();
    taken
        .any(|crate_| crate_ == name)
        .then(|| "a crate that it needs is called so".to_owned())
}

/// The change that makes `folder` a repository without apps; `app` will be its first.
pub(super) fn repository_in(
    folder: &Path,
    binary: &str,
    app: &str,
    kind: &str,
    release: &Release,
) -> Result<Change> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(err) => err.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(out::hinted(
            format!("{} is there already, and not empty", folder.display()),
            "name a folder that is not there, or that is empty",
        ));
    }
    let mut change = Change::new(std::path::absolute(folder).context("no such place")?);
    for file in standalone(binary, app, kind, release)? {
        change.create(file.path, file.text);
    }
    Ok(change)
}

/// Puts the files under git, as `cargo new` does, unless the folder is in a repository already.
pub(super) fn init(folder: &Path) -> Result<()> {
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(args);
        // those of a hook that runs this are of another repository
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        command.stdin(Stdio::null()).output()
    };
    match git(&["rev-parse", "--is-inside-work-tree"]) {
        // not everybody has git
        Err(_) => return Ok(()),
        Ok(inside) if inside.status.success() => return Ok(()),
        Ok(_) => {}
    }
    let made = git(&["init", "--quiet"]).context("failed to run git")?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr);
        out::note(format_args!(
            "no git repository was made: {}",
            said.trim_end()
        ));
    }
    Ok(())
}

/// Says now what a build in there would say.
pub(super) fn note_place(folder: &Path) -> Result<()> {
    let whole = std::path::absolute(folder).context("no such place")?;
    if let Some(Refusal { what, fix }) = place::refusal(&whole.join("target")) {
        out::note(format_args!("note: {what}\nhint: {fix}"));
    }
    Ok(())
}
