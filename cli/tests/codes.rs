//! The table of the failures in the README is that of the pages.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bpfapps_core::Code;

#[test]
fn readme_has_every_code() {
    let mut table = "| code | what went wrong |\n|---|---|\n".to_owned();
    for code in Code::ALL {
        let title = code.title();
        writeln!(table, "| [{code}](explain/pages/{code}.md) | {title} |").expect("a line");
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).expect("the README");
    assert!(
        readme.contains(&table),
        "the README needs this table:\n{table}"
    );
}
