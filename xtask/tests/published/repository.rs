//! A repository of an author, and its owner's commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::archives::Archives;

pub(crate) struct Repository<'a> {
    archives: &'a Archives,
    root: PathBuf,
    app: &'a str,
}

impl<'a> Repository<'a> {
    /// Makes one called `name` with an app called `app`, by the program of the tasks.
    pub(crate) fn new(archives: &'a Archives, name: &str, app: &'a str, xtask: &Path) -> Self {
        let root = archives.root().join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("no folder");
        }
        let mut new = Command::new(xtask);
        new.args(["new", app, "--standalone", name]);
        finish(new.current_dir(archives.root()));
        Self {
            archives,
            root,
            app,
        }
    }

    /// Both commands of its README work.
    pub(crate) fn works(&self) {
        // what needs root is said by who is not
        let is_root = nix::unistd::geteuid().is_root();
        if is_root {
            let seen = text(self.xtask(&["run", self.app, "--timeout", "0.1"]));
            assert!(seen.starts_with("TIME     COMM"), "{seen}");
        }
        let shown = text(self.xtask(&["show", self.app]));
        let (path, code) = shown.split_once('\n').expect("lines");
        assert!(
            path.ends_with(&format!("/out/{}.records.rs", self.app)),
            "{path}"
        );
        assert!(code.contains("impl Row for types::event {"), "{code}");
        let tested = text(self.xtask(&["test"]));
        let last = tested.lines().last().unwrap_or_default();
        assert!(last.contains(" 0 failed, "), "{last}");
        assert_eq!(last.ends_with(" 0 skipped"), is_root, "{last}");
        assert_eq!(self.apps(), [self.app]);
    }

    /// `cargo xtask …`, which has to go well.
    pub(crate) fn xtask(&self, args: &[&str]) -> Output {
        let args = ["xtask"].into_iter().chain(args.iter().copied());
        finish(self.archives.cargo(args).current_dir(&self.root))
    }

    /// The binary with its apps, brought up to date.
    pub(crate) fn binary(&self, args: &[&str]) -> Output {
        let args = ["run", "--quiet", "--"]
            .into_iter()
            .chain(args.iter().copied());
        finish(self.archives.cargo(args).current_dir(&self.root))
    }

    /// The names of its apps.
    pub(crate) fn apps(&self) -> Vec<String> {
        let list = text(self.binary(&["list", "--output", "json"]));
        let list: Vec<Value> = serde_json::from_str(&list).expect("a list");
        let names = list.iter().map(|app| app["name"].as_str());
        names.map(|name| name.expect("a name").to_owned()).collect()
    }

    /// The releases of bpfapps that it is built of.
    pub(crate) fn versions(&self) -> Vec<String> {
        let mut metadata = self.archives.cargo(["metadata", "--format-version=1"]);
        let metadata = text(finish(metadata.current_dir(&self.root)));
        let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
        let packages = metadata["packages"].as_array().expect("packages");
        let ours = packages.iter().filter(|package| {
            package["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("bpfapps"))
        });
        let versions: BTreeSet<_> = ours
            .filter_map(|package| package["version"].as_str())
            .collect();
        versions.into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).expect("a file")
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.root.join(file), text).expect("a file");
    }
}

/// Runs a command that has to go well.
pub(crate) fn finish(command: &mut Command) -> Output {
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.unwrap_or_else(|err| panic!("{command:?}: {err}"));
    assert!(
        ended.status.success(),
        "{command:?} ended with {}\n{}{}",
        ended.status,
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    ended
}

/// Its output on stdout.
pub(crate) fn text(ended: Output) -> String {
    String::from_utf8(ended.stdout).expect("UTF-8")
}
