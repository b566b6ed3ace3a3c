//! `new --standalone`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::own::{Own, Tree, run, tree};

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
    // one that is empty will do
    fs::create_dir(&root).expect("a folder");
    let made = run(folder.path(), &args);
    assert!(made.status.success(), "{made:?}");
    let reported = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(
        reported.ends_with("\nnext: cd own && cargo xtask run mine\n"),
        "{reported}"
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
    assert!(root.join(".git/HEAD").is_file());
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let origin = format!(
        "by `cargo xtask new mine --template tracepoint --standalone own` of bpfapps {}.",
        env!("CARGO_PKG_VERSION")
    );
    assert!(readme.contains(&origin), "{readme}");
    let mode = root
        .join(".ci/run")
        .metadata()
        .expect("a script")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o755);
    let manifest = fs::read_to_string(root.join("cli/Cargo.toml")).expect("a manifest");
    for line in [
        "name = \"own\"",
        "default = [\"metrics\", \"mine\", \"otlp\"]",
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
        stderr.contains("is there already, and not empty\nhint: name a folder"),
        "{stderr}"
    );
    assert!(tree(&root) == before);
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

/// The versions of a kind's dependencies are added to the workspace's list.
#[test]
fn versions_stand_in_one_place() {
    let own = Own::new();
    let root = &own.root();
    let versions = || fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    assert!(!versions().contains("perf-event2"));
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
        names.contains(&"perf-event2") && names.is_sorted(),
        "{names:?}"
    );
}

/// cargo refuses a workspace whose `apps/*` matches nothing.
#[test]
fn the_last_app_may_go_and_another_one_come() {
    let own = Own::new();
    let root = own.root();
    for args in [&["remove", "taken"][..], &["new", "other"]] {
        let seen = run(&root, args);
        assert!(seen.status.success(), "{args:?}: {seen:?}");
    }
    assert!(root.join("apps/other").is_dir());
}
