//! `add`, and `remove` of what was added.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::own::{Own, run, tree};

/// A repository with the versions resolved for this workspace, so that it needs no registry; and
/// another one with an app `kills`.
fn two() -> (Own, PathBuf) {
    let own = Own::new();
    let root = own.root();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, root.join("Cargo.lock")).expect("a copy");
    let args = ["new", "kills", "--standalone", "../other"];
    let made = run(&root, &args);
    assert!(made.status.success(), "{made:?}");
    (own, root)
}

fn stderr(seen: &Output) -> String {
    String::from_utf8_lossy(&seen.stderr).into_owned()
}

#[test]
fn app_of_another_repository_comes_and_goes() {
    let (_own, root) = two();
    let lists = || {
        let mut tree = tree(&root);
        // cargo forgets there what this repository does not need
        tree.remove(&root.join("Cargo.lock"));
        tree
    };
    let before = lists();
    let added = run(&root, &["add", "../other/apps/kills"]);
    assert!(added.status.success(), "{added:?}");
    let stdout = String::from_utf8_lossy(&added.stdout);
    assert_eq!(
        stdout,
        "cli/Cargo.toml\ncli/src/apps.rs\n\nnext: cargo xtask run kills\n"
    );
    let said = stderr(&added);
    assert!(
        said.contains("assuming that its app is called kills"),
        "{said}"
    );
    let other = root.with_file_name("other").join("apps/kills");
    let other = other.canonicalize().expect("a folder");
    for (file, line) in [
        ("cli/Cargo.toml", "kills = [\"dep:other-kills\"]".to_owned()),
        (
            "cli/Cargo.toml",
            "default = [\"kills\", \"metrics\", \"otlp\", \"taken\"]".to_owned(),
        ),
        (
            "cli/Cargo.toml",
            format!(
                "other-kills = {{ path = \"{}\", optional = true }}",
                other.display()
            ),
        ),
        ("cli/src/apps.rs", "use other_kills as _;".to_owned()),
    ] {
        let text = fs::read_to_string(root.join(file)).expect("a file");
        assert!(text.lines().any(|other| other == line), "{line}: {text}");
    }

    let again = run(&root, &["add", "../other/apps/kills"]);
    let said = stderr(&again);
    assert!(
        said.contains("there is an app kills already: cli/Cargo.toml"),
        "{said}"
    );
    let again = run(&root, &["add", "../other/apps/kills", "--name", "twice"]);
    let said = stderr(&again);
    assert!(
        said.contains("there is a package other-kills already"),
        "{said}"
    );

    let removed = run(&root, &["remove", "kills"]);
    assert!(removed.status.success(), "{removed:?}");
    assert!(lists() == before);
    assert!(other.join("src/lib.rs").is_file());
}

#[test]
fn what_is_no_app_or_does_not_fit_changes_nothing() {
    let (_own, root) = two();
    let before = tree(&root);
    let explain = concat!(env!("CARGO_MANIFEST_DIR"), "/../explain");
    for (source, reason) in [
        ("../other/cli", "other is not an app: it has no library"),
        (explain, "it does not depend on bpfapps-core"),
        ("../none", "there is no package in ../none"),
    ] {
        let seen = run(&root, &["add", source]);
        let said = stderr(&seen);
        assert!(
            !seen.status.success() && said.contains(reason),
            "{source}: {said}"
        );
        assert!(tree(&root) == before, "{source}");
    }

    // an app for another release of core
    let kills = root.with_file_name("other").join("apps/kills/Cargo.toml");
    let manifest = fs::read_to_string(&kills).expect("a manifest");
    let core = "bpfapps-core.workspace = true";
    assert!(manifest.contains(core), "{manifest}");
    let other = manifest.replace(core, "bpfapps-core = \"=99.0.0\"");
    fs::write(&kills, other).expect("a file");
    let seen = run(&root, &["add", "../other/apps/kills"]);
    let said = stderr(&seen);
    assert!(
        !seen.status.success() && said.contains("bpfapps-core"),
        "{said}"
    );
    assert!(
        said.ends_with("error: cargo can not add it: nothing was changed\n"),
        "{said}"
    );
    assert!(tree(&root) == before);
}
