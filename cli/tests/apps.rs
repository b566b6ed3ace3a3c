//! An app is a folder, a dependency with a feature, a line in `src/apps.rs`, and a registration: if
//! one is missing, the linker silently drops the app.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn folders_features_and_registry_agree() {
    let cli = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders: Vec<_> = sorted(
        fs::read_dir(cli.join("../apps"))
            .expect("apps/ is there")
            .map(|entry| entry.expect("apps/ can be listed").file_name())
            .map(|name| name.into_string().expect("names of apps are ASCII")),
    );
    assert!(!folders.is_empty(), "no app");

    let metadata = json(Command::new(env!("CARGO")).current_dir(cli).args([
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--offline",
    ]));
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages
        .iter()
        .find(|package| package["name"] == "bpfapps")
        .expect("bpfapps");
    let features: BTreeMap<String, Vec<String>> =
        serde_json::from_value(package["features"].clone()).expect("features");
    let default = features["default"].iter().cloned();
    assert_eq!(
        sorted(default.filter(|name| !["metrics", "otlp"].contains(&&**name))),
        folders,
        "default features"
    );
    for app in &folders {
        assert_eq!(
            features[app],
            [format!("dep:bpfapps-{app}")],
            "feature {app}"
        );
    }

    let list = json(Command::new(env!("CARGO_BIN_EXE_bpfapps")).args(["list", "--output=json"]));
    let registered = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|app| app["name"].clone());
    let registered = sorted(registered.map(|name| name.as_str().expect("a name").to_owned()));
    assert_eq!(registered, folders, "registry; is the app in src/apps.rs?");
}

fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort();
    names
}

fn json(command: &mut Command) -> serde_json::Value {
    let output = command.output().expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON on stdout")
}
