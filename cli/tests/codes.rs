//! Each code has its line in docs/reference/codes.md, and something that provokes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bpfapps_core::Code;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn page_of_codes_has_every_code() {
    let mut table = "| code | what went wrong |\n|---|---|\n".to_owned();
    for code in Code::ALL {
        let title = code.title();
        writeln!(
            table,
            "| [{code}](../../explain/pages/{code}.md) | {title} |"
        )
        .expect("a line");
    }
    let page = fs::read_to_string(root().join("docs/reference/codes.md")).expect("the page");
    assert!(page.contains(&table), "it needs this table:\n{table}");
}

/// An object that does not load has a program named after its code; failures to open or attach are
/// named in a test. Failures of building have tests in bpf-build.
#[test]
fn every_code_is_provoked() {
    let mut tests = String::new();
    for folder in ["apps", "refused/tests", "templates", "testkit"] {
        read(&root().join(folder), &mut tests);
    }
    for code in Code::ALL
        .iter()
        .filter(|code| code.to_string().as_str() < "BPF0070")
        // what provokes the general one deserves a code of its own
        .filter(|code| **code != Code::REJECTED)
    {
        let program = format!("refused/src/bpf/{code}.bpf.c").to_lowercase();
        let is_provoked = root().join(program).exists() || tests.contains(&code.to_string());
        assert!(is_provoked, "nothing provokes {code}: {}", code.title());
    }
}

/// All that is in the tests below a folder, and in what tests share.
fn read(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, text);
        } else if path
            .components()
            .any(|part| part.as_os_str() == "tests" || part.as_os_str() == "testkit")
        {
            *text += &fs::read_to_string(&path).expect("text");
        }
    }
}
