//! Repositories of authors, and their content.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// A repository called `own` with an app `taken`.
pub(crate) struct Own(TempDir);

impl Own {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = run(folder.path(), &["new", "taken", "--standalone", "own"]);
        assert!(made.status.success(), "{made:?}");
        Self(folder)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().join("own")
    }
}

pub(crate) fn xtask(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    xtask(folder, args).output().expect("xtask runs")
}

/// All files below `root`, and the empty folders, but for git's.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                tree.insert(path.clone(), String::new());
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("text");
                tree.insert(path, text);
            }
        }
    }
    tree
}

/// The tree, without the files that `remove` keeps.
pub(crate) fn tree_without_target(root: &Path) -> Tree {
    let target = root.join("target");
    let mut tree = tree(root);
    tree.retain(|path, _| !path.starts_with(&target));
    tree
}
