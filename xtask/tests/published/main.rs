//! A repository of its own: from this checkout, from the archives for a registry without these
//! crates beside them, and from one release to the next.
//!
//! It builds for minutes. The build stays below `target/tmp/`, so that the next run is shorter.

mod archives;
mod repository;

use std::path::Path;

use archives::Archives;
use repository::{Repository, text};

/// The release after this one.
const NEXT: &str = "0.99.0";

#[test]
fn repository_is_built_run_and_tested_and_upgraded() {
    let archives = Archives::third_party();

    let xtask = env!("CARGO_BIN_EXE_xtask");
    // a repository may be called like its app
    let own = Repository::new(&archives, "checkout", "checkout", Path::new(xtask));
    let manifest = own.read("Cargo.toml");
    assert!(manifest.contains("path = \""), "{manifest}");
    own.works();

    // from now on there are only archives
    let packages = archives.package();
    let version = env!("CARGO_PKG_VERSION");
    archives.publish(&packages, version, |_, text| text.to_owned());
    let own = Repository::new(
        &archives,
        "published",
        "first",
        &archives.install("bpfapps-xtask", "xtask"),
    );
    let manifest = own.read("Cargo.toml");
    assert!(!manifest.contains("path = \""), "{manifest}");
    own.works();

    // an app from the registry
    own.xtask(&["add", "bpfapps-minimal"]);
    assert!(own.apps().contains(&"minimal".to_owned()));
    own.xtask(&["remove", "minimal"]);
    assert_eq!(own.apps(), ["first"]);

    // the next release says something else, and one line gets it
    let page = |own: &Repository| text(own.binary(&["explain", "BPF0001"]));
    assert!(!page(&own).contains(NEXT));
    archives.publish(&packages, NEXT, |file, text| {
        match file.ends_with("BPF0001.md") {
            true => format!("{text}\nSince {NEXT}.\n"),
            false => text.to_owned(),
        }
    });
    let line = format!("bpfapps = {{ version = \"{version}\",");
    assert_eq!(manifest.matches(&line).count(), 1, "{manifest}");
    own.write(
        "Cargo.toml",
        &manifest.replace(&line, &line.replace(version, NEXT)),
    );
    assert!(page(&own).contains(NEXT));
    assert_eq!(own.versions(), [NEXT]);
}
