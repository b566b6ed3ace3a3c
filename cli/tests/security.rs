//! Each promise in SECURITY.md names its test.

use std::fs;
use std::path::Path;

/// The text of every test of the workspace's packages.
fn tests() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [
        "cli/tests",
        "cli/tests/kernel",
        "cli/tests/kernel/service",
        "apps/bootstrap/tests/kernel",
        "apps/procs/tests/kernel",
        "refused/tests",
        "refused/tests/kernel",
        "xtask/tests/packages",
        "xtask/tests/xtask",
    ];
    let files = folders.map(|folder| fs::read_dir(root.join(folder)).expect("a folder of tests"));
    let texts = files.into_iter().flatten().map(|entry| {
        let path = entry.expect("an entry").path();
        fs::read_to_string(path).unwrap_or_default()
    });
    texts.collect()
}

#[test]
fn each_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("SECURITY.md")).expect("the page");
    let tests = tests();
    let mut promises = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let columns: Vec<_> = row.split(" | ").collect();
        let Some(named) = columns.get(2).filter(|column| column.contains('`')) else {
            continue;
        };
        promises += 1;
        for name in named.split('`').skip(1).step_by(2) {
            assert!(tests.contains(&format!("fn {name}()")), "no {name}: {row}");
        }
        for file in columns[1].split('`').skip(1).step_by(2) {
            assert!(root.join(file).is_file(), "no {file}: {row}");
        }
    }
    assert!(promises > 10, "{promises} promises");
}
