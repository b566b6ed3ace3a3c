//! Runs cargo, and reads its messages about what it built.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, Message, PackageId, TargetKind};

use crate::path;

/// A call of the cargo that runs this task.
pub fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(path::cargo());
    command.args(args);
    command
}

/// The result of a `cargo build` of one binary, from cargo's messages.
///
/// cargo says it itself, so that `CARGO_TARGET_DIR`, `build.target-dir` and
/// `--target` are all followed without knowing about them here.
#[derive(Debug)]
pub struct Built {
    /// Path of the binary.
    pub program: PathBuf,
    /// True if it was built now, false if it was fresh.
    pub is_new: bool,
    messages: Vec<Message>,
}

/// A `cargo build` of one binary under way.
#[derive(Debug)]
pub struct Building {
    what: String,
    child: Child,
}

/// Runs a `cargo build` of one binary. Progress and diagnostics go to stderr
/// as ever.
pub fn build(what: &str, command: &mut Command) -> Result<Built> {
    Building::start(what, command)?.finish()
}

impl Building {
    /// Starts one; an error about it names `what`.
    pub fn start(what: &str, command: &mut Command) -> Result<Self> {
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
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub fn finish(self) -> Result<Built> {
        let Self { what, mut child } = self;
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        let messages: Vec<_> = Message::parse_stream(BufReader::new(stdout))
            .collect::<Result<_, _>>()
            .context("failed to read cargo's answer")?;
        if !child.wait().context("failed to wait for cargo")?.success() {
            bail!("failed to build {what}");
        }
        // dependencies come first: the binary that was asked for is the last
        let (program, is_new) = artifacts(&messages)
            .filter_map(|artifact| Some((artifact.executable.clone()?, !artifact.fresh)))
            .next_back()
            .with_context(|| format!("cargo did not say where it put {what}"))?;
        Ok(Built {
            program: program.into(),
            is_new,
            messages,
        })
    }
}

impl Built {
    /// The `OUT_DIR` of a package's build script that ran for this binary, and
    /// not for what runs while building it. The package has a library of its name.
    pub fn out_dir(&self, package: &str) -> Result<&Path> {
        let profile = self.program.parent().context("no target folder")?;
        let library = package.replace('-', "_");
        let ids: Vec<_> = artifacts(&self.messages)
            .filter(|artifact| artifact.target.name == library)
            .map(|artifact| &artifact.package_id)
            .collect();
        self.messages
            .iter()
            .filter_map(|message| match message {
                Message::BuildScriptExecuted(script) if ids.contains(&&script.package_id) => {
                    Some(script.out_dir.as_std_path())
                }
                _ => None,
            })
            .find(|folder| folder.starts_with(profile))
            .with_context(|| format!("cargo did not say where it built {package}"))
    }

    /// The manifests of the libraries that were linked into this binary, and not of what runs
    /// while building it.
    pub fn libraries(&self) -> impl Iterator<Item = &Path> {
        let profile = self.program.parent();
        let linked = artifacts(&self.messages).filter(move |artifact| {
            let mut files = artifact.filenames.iter();
            let is_of_target = files.any(|file| profile.is_some_and(|it| file.starts_with(it)));
            is_of_target && artifact.target.kind.contains(&TargetKind::Lib)
        });
        linked.map(|artifact| artifact.manifest_path.as_std_path())
    }

    /// The test programs, under the ids of their packages.
    pub fn tests(&self) -> impl Iterator<Item = (&PackageId, PathBuf)> {
        artifacts(&self.messages).filter_map(|artifact| {
            let program = artifact.executable.clone()?;
            let is_test = artifact.target.kind.contains(&TargetKind::Test);
            is_test.then(|| (&artifact.package_id, program.into()))
        })
    }
}

fn artifacts(messages: &[Message]) -> impl DoubleEndedIterator<Item = &Artifact> {
    messages.iter().filter_map(|message| match message {
        Message::CompilerArtifact(artifact) => Some(artifact),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "registry+https://index#libbpf-sys@1.6.2";

    #[test]
    fn out_dir_of_the_target_and_not_of_the_host() -> Result<()> {
        let library = format!(
            r#"{{"reason":"compiler-artifact","package_id":"{ID}","manifest_path":"/x/Cargo.toml",
            "target":{{"kind":["lib"],"crate_types":["lib"],"name":"libbpf_sys","src_path":"/x/lib.rs"}},
            "profile":{{"opt_level":"0","debug_assertions":true,"overflow_checks":true,"test":false}},
            "features":[],"filenames":[],"executable":null,"fresh":true}}"#
        );
        let ran = |id: &str, folder: &str| {
            format!(
                r#"{{"reason":"build-script-executed","package_id":"{id}","out_dir":"{folder}",
                "linked_libs":[],"linked_paths":[],"cfgs":[],"env":[]}}"#
            )
        };
        let lines = [
            library,
            ran(ID, "/src/target/release/build/libbpf-sys-1/out"),
            ran("other", "/src/target/triple/release/build/other-1/out"),
            ran(ID, "/src/target/triple/release/build/libbpf-sys-2/out"),
        ];
        let lines = lines.map(|line| line.replace('\n', "")).join("\n");
        let built = Built {
            program: "/src/target/triple/release/bpfapps".into(),
            is_new: true,
            messages: Message::parse_stream(lines.as_bytes()).collect::<Result<_, _>>()?,
        };
        assert_eq!(
            built.out_dir("libbpf-sys")?,
            Path::new("/src/target/triple/release/build/libbpf-sys-2/out")
        );
        assert!(built.out_dir("bpfapps-bootstrap").is_err());
        Ok(())
    }
}
