//! Builds static binaries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use bpfapps_task::cargo::{self, Built};
use bpfapps_task::workspace::Workspace;

use super::flags;
use crate::apps::EXPORTERS;
use crate::elf;
use crate::target::Target;

/// The variable by which core's build script finds a bundle.
const BUNDLE: &str = "BPFAPPS_BTF_BUNDLE";

/// Builds the binary to ship, with these apps and, if wanted, their exporters, or with everything.
pub fn build(target: Target, apps: &[String], exporters: bool) -> Result<Built> {
    build_with(target, apps, exporters, None)
}

/// The same, with a bundle of BTF in it.
pub(super) fn build_with(
    target: Target,
    apps: &[String],
    exporters: bool,
    bundle: Option<&Path>,
) -> Result<Built> {
    let mut features = vec!["static"];
    features.extend(apps.iter().map(String::as_str));
    if exporters {
        features.extend(EXPORTERS);
    }
    let binary = Workspace::here()?.binary()?;
    let mut command = command(target, binary, binary, &features)?;
    command.envs(bundle.map(|file| (BUNDLE, file)));
    if !apps.is_empty() {
        command.arg("--no-default-features");
    }
    let built = cargo::build(&format!("a static {binary}"), &mut command)?;
    elf::assert_static(&built.program)?;
    Ok(built)
}

/// Builds another binary in the same way, of a package that depends on core.
pub fn build_binary(package: &str, binary: &str) -> Result<PathBuf> {
    let features = ["bpfapps-core/static"];
    let mut command = command(Target::Here, package, binary, &features)?;
    Ok(cargo::build(binary, &mut command)?.program)
}

fn command(target: Target, package: &str, binary: &str, features: &[&str]) -> Result<Command> {
    let mut command = cargo::cargo(["build", "--package", package, "--bin", binary, "--release"]);
    command.args(["--features", &features.join(",")]);
    flags::link_small(target, &mut command)?;
    Ok(command)
}

/// The triple of this machine, from cargo.
pub(crate) fn host() -> Result<String> {
    let version = stdout(&mut cargo::cargo(["-vV"]))?;
    let version = String::from_utf8_lossy(&version);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("cargo does not name its host")
}

/// What a command prints, if it succeeds.
pub(super) fn stdout(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_owned();
    let ended = command.stderr(Stdio::inherit()).output();
    let ended = ended.with_context(|| format!("failed to run {}", program.display()))?;
    if !ended.status.success() {
        let args: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        bail!(
            "{} {} ended with {}",
            program.display(),
            args.join(" "),
            ended.status
        );
    }
    Ok(ended.stdout)
}
