//! A cargo that knows a workspace, and builds nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::machine::Machine;

/// Its packages by folder; each has a program of its name.
const PACKAGES: [(&str, &str); 3] = [
    ("cli", "bpfapps"),
    ("apps/minimal", "bpfapps-minimal"),
    ("apps/bootstrap", "bpfapps-bootstrap"),
];

/// The output of a script in place of a build: `artifact PACKAGE KIND FILE`.
const ARTIFACT: &str = r#"artifact() {
    echo "{\"reason\":\"compiler-artifact\",\"package_id\":\"$1\",\"manifest_path\":\"/x/Cargo.toml\",\"target\":{\"kind\":[\"$2\"],\"crate_types\":[\"bin\"],\"name\":\"x\",\"src_path\":\"/x.rs\"},\"profile\":{\"opt_level\":\"0\",\"debug_assertions\":true,\"overflow_checks\":true,\"test\":false},\"features\":[],\"filenames\":[],\"executable\":\"$3\",\"fresh\":false}"
}"#;

impl Machine {
    /// Has cargo do as `script` says, but for questions about the workspace.
    pub(crate) fn cargo(&self, script: &str) {
        let metadata = r#"[ "$1" = metadata ] && exec /bin/cat "$DIR/metadata""#;
        self.program("cargo", &format!("{metadata}\n{ARTIFACT}\n{script}"));
    }

    /// Adds a package to the workspace, or renames the one in that folder.
    pub(crate) fn member(&self, folder: &str, name: &str) {
        let others = PACKAGES.into_iter().filter(|(below, _)| *below != folder);
        let members = others.chain([(folder, name)]);
        self.file("metadata", 0o644, &metadata(&self.path(""), members));
    }

    /// The packages that a machine has from the start.
    pub(crate) fn workspace(&self) {
        let metadata = metadata(&self.path(""), PACKAGES.into_iter());
        self.file("metadata", 0o644, &metadata);
    }
}

/// cargo's metadata of the workspace in `folder`.
fn metadata<'a>(folder: &Path, members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let packages = members.map(|(below, name)| {
        let features = match below {
            "cli" => json!({
                "default": ["minimal"], "static": ["bpfapps-core/static"],
                "minimal": ["dep:bpfapps-minimal"], "opens": ["dep:opens"], "kills": ["dep:kills"],
            }),
            _ => json!({}),
        };
        json!({
            "name": name, "version": "0.1.0", "id": name, "dependencies": [], "targets": targets(below, name),
            "features": features, "manifest_path": folder.join(below).join("Cargo.toml"),
        })
    });
    let document = json!({
        "packages": packages.collect::<Vec<_>>(), "workspace_members": [], "resolve": null, "version": 1,
        "workspace_root": folder, "target_directory": folder.join("target"), "metadata": null,
    });
    document.to_string()
}

fn targets(folder: &str, name: &str) -> Vec<Value> {
    let target = |kind: &str, name: &str| json!({"kind": [kind], "crate_types": ["bin"], "name": name, "src_path": "/x.rs"});
    let mut targets = vec![target("bin", name)];
    if folder.starts_with("apps/") {
        targets.push(target("custom-build", "build-script-build"));
        targets.push(target("test", "kernel"));
    }
    targets
}
