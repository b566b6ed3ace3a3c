//! What a registry gets is whole: cargo leaves each folder with a `Cargo.toml` out of an archive.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Adds a file, or all that are below a folder.
fn add(path: &Path, root: &Path, files: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            add(&entry.expect("an entry").path(), root, files);
        }
    } else {
        let path = path.strip_prefix(root).expect("below");
        files.insert(path.to_str().expect("UTF-8").to_owned());
    }
}

#[test]
fn every_template_is_in_the_archive() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let listed: BTreeSet<_> = listed.lines().map(str::to_owned).collect();

    let mut there = BTreeSet::new();
    for name in ["kinds", "shared", "standalone", "deploy", "workspace.toml"] {
        add(&root.join(name), root, &mut there);
    }
    let missing: Vec<_> = there.difference(&listed).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
