//! Each promise in SECURITY.md names its test.

use std::fs;
use std::path::Path;

use glob::glob;

/// The text of every test of the workspace's packages.
fn tests(root: &Path) -> String {
    let packages = ["*", "apps/*"];
    let files = packages.iter().flat_map(|package| {
        let pattern = root.join(package).join("tests/**/*.rs");
        glob(&pattern.to_string_lossy()).expect("a pattern")
    });
    let texts = files.map(|file| fs::read_to_string(file.expect("a name")).expect("a text"));
    texts.collect()
}

#[test]
fn each_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("SECURITY.md")).expect("the page");
    let tests = tests(&root);
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
