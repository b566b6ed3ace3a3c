//! Calls of cargo, always from the root of the workspace.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs this task, so that its toolchain stays the same.
pub(crate) fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A call of it.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program());
    command.args(args).current_dir(root());
    command
}

/// What a `cargo build` of one binary has made, in cargo's own words.
///
/// cargo says it itself, so that `CARGO_TARGET_DIR`, `build.target-dir` and
/// `--target` are all followed without knowing about them here.
pub(crate) struct Built {
    /// Where the binary is.
    pub(crate) program: PathBuf,
    messages: Vec<Value>,
}

/// A `cargo build` of one binary under way.
pub(crate) struct Building {
    what: String,
    child: Child,
}

/// Runs a `cargo build` of one binary. Progress and diagnostics go to stderr
/// as ever.
pub(crate) fn build(what: &str, command: &mut Command) -> Result<Built> {
    Building::start(what, command)?.finish()
}

impl Building {
    pub(crate) fn start(what: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .arg("--message-format=json-render-diagnostics")
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to run cargo")?;
        Ok(Self {
            what: what.to_owned(),
            child,
        })
    }

    /// cargo's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub(crate) fn finish(self) -> Result<Built> {
        let Self { what, mut child } = self;
        let mut messages = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout
                .read_to_string(&mut messages)
                .context("failed to read cargo's answer")?;
        }
        if !child.wait().context("failed to wait for cargo")?.success() {
            bail!("failed to build {what}");
        }
        let messages: Vec<Value> = messages
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        // dependencies come first: the binary that was asked for is the last
        let program = messages
            .iter()
            .filter_map(|message| message["executable"].as_str())
            .next_back()
            .with_context(|| format!("cargo did not say where it put {what}"))?
            .into();
        Ok(Built { program, messages })
    }
}

impl Built {
    /// The `OUT_DIR` of a package's build script that ran for this binary, and
    /// not for what runs while building it.
    pub(crate) fn out_dir(&self, package: &str) -> Result<&Path> {
        let profile = self.program.parent().context("no target folder")?;
        self.messages_about(package, "build-script-executed")
            .filter_map(|message| message["out_dir"].as_str().map(Path::new))
            .find(|folder| folder.starts_with(profile))
            .with_context(|| format!("cargo did not say where it built {package}"))
    }

    /// The test programs, under the names of their packages.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.messages.iter().filter_map(|message| {
            let kinds = message["target"]["kind"].as_array()?;
            let package = name(message["package_id"].as_str()?)?;
            let program = message["executable"].as_str()?;
            kinds
                .contains(&"test".into())
                .then(|| (package, program.into()))
        })
    }

    /// Whether anything of a package was compiled, and not found to be fresh.
    pub(crate) fn compiled(&self, package: &str) -> bool {
        self.messages_about(package, "compiler-artifact")
            .any(|message| message["fresh"] == false)
    }

    fn messages_about(&self, package: &str, reason: &str) -> impl Iterator<Item = &Value> {
        self.messages.iter().filter(move |message| {
            message["reason"] == reason
                && message["package_id"].as_str().and_then(name) == Some(package)
        })
    }
}

/// The name in a package id, where the folder's name stands for an equal one:
/// `path+file:///src/cli#bpfapps@0.1.0`, `path+file:///src/xtask#0.1.0`.
fn name(package_id: &str) -> Option<&str> {
    let (url, fragment) = package_id.rsplit_once('#')?;
    match fragment.split_once('@') {
        Some((name, _)) => Some(name),
        None => url.rsplit('/').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_of_both_kinds() {
        let ids = [
            "registry+https://github.com/rust-lang/crates.io-index#libbpf-sys@1.6.2+v1.6.2",
            "path+file:///src/apps/bootstrap#bpfapps-bootstrap@0.1.0",
            "path+file:///src/xtask#0.1.0",
        ];
        assert_eq!(
            ids.map(name),
            [Some("libbpf-sys"), Some("bpfapps-bootstrap"), Some("xtask")]
        );
    }

    #[test]
    fn out_dir_of_the_target_and_not_of_the_host() -> Result<()> {
        let message = |folder: &str| {
            serde_json::json!({
                "reason": "build-script-executed",
                "package_id": "registry+https://index#libbpf-sys@1.6.2",
                "out_dir": folder,
            })
        };
        let built = Built {
            program: "/src/target/triple/release/bpfapps".into(),
            messages: vec![
                message("/src/target/release/build/libbpf-sys-1/out"),
                message("/src/target/triple/release/build/libbpf-sys-2/out"),
            ],
        };
        assert_eq!(
            built.out_dir("libbpf-sys")?,
            Path::new("/src/target/triple/release/build/libbpf-sys-2/out")
        );
        assert!(built.out_dir("bpfapps-bootstrap").is_err());
        Ok(())
    }
}
