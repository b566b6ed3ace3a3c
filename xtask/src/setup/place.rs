//! Whether cargo's folder of builds is a place to build apps in.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Result;
use bpfapps_task::workspace::Workspace;
use nix::unistd::{AccessFlags, Uid, User, access, geteuid};

use crate::out;

/// Bytes in a path that the Makefile of libbpf does not survive.
const SPECIAL: &str = " \t\n$&'\"`\\()*?;<>|%:";

/// Something that a build would fail with, later.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) what: String,
    pub(crate) fix: String,
}

/// Fails where no app can be built.
pub(super) fn check() -> Result<()> {
    let workspace = Workspace::here()?;
    if let Some(Refusal { what, fix }) = refusal(workspace.target()) {
        return Err(out::hinted(what, fix));
    }
    let owner = fs::metadata(workspace.root()).map(|root| root.uid());
    if let Ok(owner) = owner
        && geteuid().is_root()
        && owner != 0
    {
        let name = name(owner);
        out::note(format_args!(
            "note: this checkout belongs to {name}, who can not replace what root builds here: \
             run this as {name}"
        ));
    }
    Ok(())
}

/// The reason why no app can be built in `target`.
pub(crate) fn refusal(target: &Path) -> Option<Refusal> {
    let shown = target.display();
    let is_special = |c: &char| SPECIAL.contains(*c);
    if let Some(special) = target.to_string_lossy().chars().find(is_special) {
        return Some(Refusal {
            what: format!(
                "the Makefile of libbpf can not build in `{shown}`: {special:?} in a path"
            ),
            fix: elsewhere(),
        });
    }
    // of one that is not there yet, the folder that it would be in
    let folder = target.ancestors().find(|folder| folder.exists())?;
    if access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok() {
        return None;
    }
    let owner = fs::metadata(folder).map_or_else(|_| "somebody".to_owned(), |it| name(it.uid()));
    Some(Refusal {
        what: format!(
            "{} can not build in {shown}: {} belongs to {owner}",
            name(geteuid().as_raw()),
            folder.display()
        ),
        fix: elsewhere(),
    })
}

fn elsewhere() -> String {
    "build elsewhere: export CARGO_TARGET_DIR=\"$HOME/bpfapps-target\", and run this again"
        .to_owned()
}

/// A user's name, or the number of one who has none.
fn name(user: u32) -> String {
    let known = User::from_uid(Uid::from_raw(user));
    let name = known.ok().flatten().map(|user| user.name);
    name.unwrap_or_else(|| format!("user {user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_make_takes_apart_is_refused() {
        let said = |path: &str| refusal(path.as_ref()).map(|refusal| refusal.what);
        for path in ["/tmp/target", "/tmp/a#b/t", "/tmp/ä-b_c+d"] {
            assert_eq!(said(path), None, "{path}");
        }
        for (path, special) in [("/tmp/a b/target", "' '"), ("/tmp/it's", "'\\''")] {
            let said = said(path).unwrap_or_default();
            let whole = format!("in `{path}`: {special} in a path");
            assert!(said.ends_with(&whole), "{said}");
        }
    }
}
