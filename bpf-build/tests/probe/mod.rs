//! A package that tests build, by the real cargo and clang.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const SOURCE: &str = r#"// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "probe.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("raw_tp/sched_process_exit")
int handle_exit(void *ctx)
{
	return 0;
}
"#;

/// A package with a `probe.bpf.c` and a header. Tests share a target folder and run in parallel, so
/// each uses another package name.
pub(crate) struct Probe {
    pub(crate) folder: TempDir,
}

impl Probe {
    pub(crate) fn new(name: &str, header: &str) -> Self {
        let probe = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let bpf_build = env!("CARGO_MANIFEST_DIR");
        probe.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [workspace]\n\
                 [build-dependencies]\nbpfapps-build = {{ path = \"{bpf_build}\" }}\n"
            ),
        );
        // the versions that are here already
        let lock =
            fs::read_to_string(Path::new(bpf_build).join("../Cargo.lock")).expect("a lock file");
        probe.write("Cargo.lock", &lock);
        probe.write(
            "build.rs",
            "fn main() { bpfapps_build::skeleton(\"probe\") }",
        );
        probe.write("src/lib.rs", "");
        probe.write("src/bpf/probe.bpf.c", SOURCE);
        probe.write("src/bpf/probe.h", header);
        probe
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn cargo_build(&self) -> Command {
        self.cargo("build")
    }

    pub(crate) fn cargo(&self, task: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args([task, "--offline", "--verbose"])
            .current_dir(self.folder.path());
        // what bpf-build depends on is compiled there already
        command.env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe"),
        );
        command.env_remove("CLANG");
        command
    }
}

pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("cargo runs");
    let said = [stderr, stdout].concat();
    (
        status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Builds a faulty package and returns the messages.
pub(crate) fn refused(command: &mut Command) -> String {
    let (success, text) = run(command);
    assert!(!success, "it builds: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}
