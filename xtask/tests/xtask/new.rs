//! `new` and `remove`, on a copy of what they touch.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

type Tree = BTreeMap<PathBuf, String>;

/// A repository of somebody's own, called `own`, with an app `taken`.
struct Own(TempDir);

impl Own {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = run(folder.path(), &["new", "taken", "--standalone", "own"]);
        assert!(made.status.success(), "{made:?}");
        Self(folder)
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("own")
    }
}

fn xtask(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    xtask(folder, args).output().expect("xtask runs")
}

/// All files below `root`, and the empty folders.
fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
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

/// The tree without what `remove` keeps.
fn tree_without_target(root: &Path) -> Tree {
    let target = root.join("target");
    let mut tree = tree(root);
    tree.retain(|path, _| !path.starts_with(&target));
    tree
}

#[test]
fn every_path_is_told_and_removed_again() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    for kind in ["tracepoint", "raw-tracepoint", "uprobe"] {
        let made = run(root, &["new", "my_app", "--template", kind]);
        assert!(made.status.success(), "{made:?}");
        let after = tree_without_target(root);
        let files = after
            .iter()
            .filter(|(path, text)| before.get(*path) != Some(text));
        let changed: Vec<_> = files
            .filter(|(path, _)| path.is_file())
            .map(|(path, _)| {
                path.strip_prefix(root)
                    .expect("below")
                    .display()
                    .to_string()
            })
            .collect();
        let stdout = String::from_utf8_lossy(&made.stdout).into_owned();
        let (told, next) = stdout.split_once("\n\n").expect("paths, and what next");
        let mut told: Vec<_> = told.lines().collect();
        told.sort_unstable();
        assert_eq!(told, changed);
        assert_eq!(next, "next: cargo xtask run my_app\n");

        let removed = run(root, &["remove", "my_app"]);
        assert!(removed.status.success(), "{removed:?}");
        assert_eq!(tree_without_target(root), before);
    }
    // nobody's work is thrown away
    let kept =
        ["my_app", "my_app-1", "my_app-2"].map(|name| root.join("target/removed").join(name));
    assert!(kept.iter().all(|app| app.join("src/lib.rs").is_file()));
}

#[test]
fn what_is_refused_changes_nothing() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    for (args, reason) in [
        (&["new", "my-app"][..], "hint: try `my_app`"),
        (&["new", "taken"], "there is an app taken already"),
        (&["new", "../x"], "it contains '.'"),
        (
            &["new", "x", "-t", "tracepont"],
            "did you mean tracepoint or raw-tracepoint?",
        ),
        (
            &["new", "x", "--set", "a=b"],
            "the template tracepoint asks for tracepoint",
        ),
        (
            &["new", "x", "--set", "tracepoint"],
            "not of the form KEY=VALUE",
        ),
        (
            &["new", "x", "-t", "uprobe", "--set", "binary=/no"],
            "no program or library `/no`",
        ),
        (
            &["new", "x", "-t", "uprobe", "--set", "function=a\"b"],
            "it is empty, or has a quote",
        ),
        (&["remove", "absent"], "there is no app absent"),
        (&["remove", "../apps"], "there is no app ../apps"),
        (&["remove", ".."], "there is no app .."),
    ] {
        let seen = run(root, args);
        let stderr = String::from_utf8_lossy(&seen.stderr);
        assert!(
            !seen.status.success() && stderr.contains(reason),
            "{args:?}: {stderr}"
        );
        assert_eq!(tree(root), before, "{args:?}");
    }
}

#[test]
fn whenever_it_is_interrupted_it_did_all_or_nothing() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    assert!(run(root, &["new", "x"]).status.success());
    let whole = tree(root);
    assert!(run(root, &["remove", "x"]).status.success());

    let (mut all, mut nothing) = (0, 0);
    for step in 0..30 {
        let mut command = xtask(root, &["new", "x"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("xtask runs");
        match step % 3 {
            // any moment, another one each time
            0 => thread::sleep(Duration::from_millis(step * 6)),
            // when it has begun to write, and a bit later
            _ => {
                let first = root.join("apps/x");
                while !first.exists() && child.try_wait().expect("a child").is_none() {}
                thread::sleep(Duration::from_micros(step % 3 * step * 5));
            }
        }
        let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
        // it may be through already
        let _ = kill(pid, Signal::SIGINT);
        child.wait().expect("it ends");
        match tree_without_target(root) {
            tree if tree == before => nothing += 1,
            tree if tree == whole => {
                all += 1;
                assert!(run(root, &["remove", "x"]).status.success());
            }
            tree => panic!("step {step}: {:?}", tree.keys()),
        }
    }
    assert!(
        all > 0 && nothing > 0,
        "{all} times all of it, {nothing} times nothing"
    );
}

/// Somebody who answers each question on a terminal, and what was on it in the end.
fn answered(root: &Path, args: &[&str], answers: &[&str]) -> (Output, String) {
    let terminal = openpty(None, None).expect("a terminal");
    let mut command = xtask(root, args);
    command
        .stdin(terminal.slave.try_clone().expect("a copy"))
        .stderr(terminal.slave)
        .stdout(Stdio::piped());
    let child = command.spawn().expect("xtask runs");
    // it keeps the other side of the terminal open
    drop(command);
    let (mut screen, mut seen) = (File::from(terminal.master), Vec::new());
    let mut answers = answers.iter();
    let mut buffer = [0; 1024];
    // the kernel ends a terminal that nobody has open with an error
    while let Ok(length @ 1..) = screen.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
        if seen.ends_with(b"] ") {
            let answer = answers.next().expect("no more questions");
            screen.write_all(answer.as_bytes()).expect("an answer");
        }
    }
    assert_eq!(answers.next(), None, "nobody asked");
    let output = child.wait_with_output().expect("xtask ends");
    (output, String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn questions_are_asked_until_the_answer_will_do() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    let args = ["new", "my_app", "--template", "uprobe"];

    // the end of input is no answer
    let (output, screen) = answered(root, &args, &["\x04"]);
    assert!(!output.status.success());
    assert!(
        screen.contains("no answer, so nothing was created"),
        "{screen}"
    );
    assert_eq!(tree(root), before);

    let (output, screen) = answered(root, &args, &["/no\n", "\n", "getpit\n", "getpid\n"]);
    assert!(output.status.success(), "{screen}");
    for part in [
        "which program or library, by path or by name? [libc.so.6] ",
        "there is no program or library `/no`",
        "getpid",
    ] {
        assert!(screen.contains(part), "{part} in {screen}");
    }
    let made = fs::read_to_string(root.join("apps/my_app/src/lib.rs")).expect("the app");
    assert!(
        made.contains("\"getpid\"") && made.contains("\"libc.so.6\""),
        "{made}"
    );
}

/// Every path below `root` that is no folder, and how many lines all of them have.
fn files(root: &Path) -> (Vec<String>, usize) {
    let mut tree = tree(root);
    tree.retain(|path, _| path.is_file());
    let lines = tree.values().map(|text| text.lines().count()).sum();
    let paths = tree
        .keys()
        .map(|path| path.strip_prefix(root).expect("below"));
    (
        paths.map(|path| path.display().to_string()).collect(),
        lines,
    )
}

#[test]
fn standalone_is_all_ones_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("own");
    let args = ["new", "mine", "--standalone", "own"];
    let made = run(folder.path(), &args);
    assert!(made.status.success(), "{made:?}");
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(
        told.ends_with("\nnext: cd own && cargo xtask run mine\n"),
        "{told}"
    );

    let (paths, lines) = files(&root);
    assert!(
        paths.len() <= 25 && lines <= 900,
        "{lines} lines in {paths:?}"
    );
    for path in [
        ".ci/run",
        ".gitignore",
        "apps/mine/src/lib.rs",
        "xtask/src/main.rs",
    ] {
        assert!(paths.iter().any(|other| other == path), "{path}: {paths:?}");
    }
    let mode = root
        .join(".ci/run")
        .metadata()
        .expect("a script")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o755);
    let manifest = fs::read_to_string(root.join("cli/Cargo.toml")).expect("a manifest");
    for line in [
        "name = \"own\"",
        "default = [\"mine\"]",
        "mine = [\"dep:own-mine\"]",
        "own-mine = { path = \"../apps/mine\", optional = true }",
    ] {
        assert!(
            manifest.lines().any(|other| other == line),
            "{line}: {manifest}"
        );
    }
    let listed = fs::read_to_string(root.join("cli/src/apps.rs")).expect("the list");
    assert!(
        listed.ends_with("\n\n#[cfg(feature = \"mine\")]\nuse own_mine as _;\n"),
        "{listed}"
    );

    let before = tree(&root);
    let again = run(folder.path(), &args);
    let stderr = String::from_utf8_lossy(&again.stderr);
    assert!(
        stderr.contains("is there already\nhint: name a folder"),
        "{stderr}"
    );
    assert_eq!(tree(&root), before);
}

#[test]
fn a_folder_that_no_binary_can_be_called_like_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, reason) in [
        ("My Tools", "it contains 'M'\nhint: try `my-tools`"),
        (
            "2fast",
            "it does not start with a letter\nhint: name another",
        ),
        ("xtask", "cargo takes it for something else"),
        ("anyhow", "a crate that it needs is called so"),
        ("bpfapps-core", "a crate that it needs is called so"),
    ] {
        let seen = run(folder.path(), &["new", "mine", "--standalone", name]);
        let stderr = String::from_utf8_lossy(&seen.stderr);
        assert!(
            !seen.status.success() && stderr.contains(reason),
            "{name}: {stderr}"
        );
    }
    assert_eq!(tree(folder.path()), Tree::new());
}

/// What an app of that kind needs gets its version where the others stand.
#[test]
fn versions_stand_in_one_place() {
    let own = Own::new();
    let root = &own.root();
    let versions = || fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    assert!(!versions().contains("blazesym"));
    let made = run(root, &["new", "samples", "--template", "perf-event"]);
    assert!(made.status.success(), "{made:?}");
    let text = versions();
    let names = text
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]");
    let names = names.skip(1).take_while(|line| !line.is_empty());
    let names: Vec<_> = names
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        names.contains(&"blazesym") && names.is_sorted(),
        "{names:?}"
    );
}
