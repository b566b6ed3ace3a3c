//! `cargo xtask dist`: one binary to copy anywhere, and what belongs to it.

mod flags;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use bpfapps_task::cargo::{self, Built};
use bpfapps_task::workspace::Workspace;
use serde_json::Value;

use crate::apps::METRICS;
use crate::setup::{self, Stage};
use crate::{elf, out};

#[cfg(feature = "vm")]
pub(crate) use flags::link_statically;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Build in this app; may be given again [default: every app]
    #[arg(long = "app", value_name = "NAME")]
    apps: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let workspace = Workspace::here()?;
    for app in &options.apps {
        workspace.know(app)?;
    }
    setup::ensure(Stage::Dist)?;

    let built = build(&options.apps, true)?.program;
    let [dist, fresh] = ["dist", "dist.new"].map(|folder| workspace.target().join(folder));
    remove(&fresh)?;
    let files = fill(&fresh, &built, workspace.binary()?)?;
    // replaced as a whole: nothing of an earlier choice of apps stays
    remove(&dist)?;
    fs::rename(&fresh, &dist).with_context(|| format!("failed to create {}", dist.display()))?;

    for file in files {
        let path = dist.join(file);
        let size = path.metadata().map_or(0, |file| file.len());
        let shown = path.strip_prefix(workspace.root()).unwrap_or(&path);
        out::result(format_args!("{size:>9} bytes  {}", shown.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the binary to ship, with these apps and, if wanted, their metrics, or with everything.
pub fn build(apps: &[String], metrics: bool) -> Result<Built> {
    let mut features = vec!["static"];
    features.extend(apps.iter().map(String::as_str));
    features.extend(metrics.then_some(METRICS));
    let binary = Workspace::here()?.binary()?;
    let mut command = command(binary, binary, &features)?;
    if !apps.is_empty() {
        command.arg("--no-default-features");
    }
    let built = cargo::build(&format!("a static {binary}"), &mut command)?;
    elf::assert_static(&built.program)?;
    Ok(built)
}

/// Builds another binary in the same way, of a package that depends on core.
pub fn build_binary(package: &str, binary: &str) -> Result<PathBuf> {
    let mut command = command(package, binary, &["bpfapps-core/static"])?;
    Ok(cargo::build(binary, &mut command)?.program)
}

fn command(package: &str, binary: &str, features: &[&str]) -> Result<Command> {
    let mut command = cargo::cargo(["build", "--package", package, "--bin", binary, "--release"]);
    command.args(["--features", &features.join(",")]);
    flags::link_small(&mut command)?;
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

/// Lays out the folder and returns its files.
fn fill(dist: &Path, built: &Path, binary: &str) -> Result<Vec<PathBuf>> {
    for folder in ["man", "completions"] {
        fs::create_dir_all(dist.join(folder)).context("failed to create target/dist")?;
    }
    let mut files = vec![PathBuf::from(binary)];
    fs::copy(built, dist.join(binary)).with_context(|| format!("failed to copy {binary}"))?;

    let list = stdout(Command::new(built).args(["list", "--output", "json"]))?;
    let list: Value =
        serde_json::from_slice(&list).with_context(|| format!("{binary} list is not JSON"))?;
    let apps = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|app| app["name"].as_str());
    let mut says = vec![(vec!["man"], format!("man/{binary}.1"))];
    for app in apps {
        says.push((vec!["man", app], format!("man/{binary}-{app}.1")));
    }
    // with the name that each shell expects
    for (shell, file) in [
        ("bash", format!("{binary}.bash")),
        ("zsh", format!("_{binary}")),
        ("fish", format!("{binary}.fish")),
    ] {
        says.push((vec!["completions", shell], format!("completions/{file}")));
    }
    for (args, file) in says {
        let text = stdout(Command::new(built).args(args))?;
        fs::write(dist.join(&file), text).with_context(|| format!("failed to write {file}"))?;
        files.push(file.into());
    }
    Ok(files)
}

fn stdout(command: &mut Command) -> Result<Vec<u8>> {
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

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to remove {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_what_the_binary_is_called() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let built = folder.path().join("built");
        let script = "#!/bin/sh\n[ $1 = list ] && echo '[{\"name\":\"opens\"}]' || echo \"$*\"\n";
        // written by another process: a file that this process has open for writing is busy for its
        // children
        let write = r#"printf %s "$1" > "$0" && chmod 755 "$0""#;
        let mut sh = Command::new("sh");
        assert!(
            sh.args(["-c", write])
                .arg(&built)
                .arg(script)
                .status()?
                .success()
        );
        let dist = folder.path().join("dist");
        let files = fill(&dist, &built, "my-tool")?;
        let expected = [
            ("my-tool", script),
            ("man/my-tool.1", "man\n"),
            ("man/my-tool-opens.1", "man opens\n"),
            ("completions/my-tool.bash", "completions bash\n"),
            ("completions/_my-tool", "completions zsh\n"),
            ("completions/my-tool.fish", "completions fish\n"),
        ];
        assert_eq!(files, expected.map(|(file, _)| PathBuf::from(file)));
        for (file, text) in expected {
            assert_eq!(fs::read_to_string(dist.join(file))?, text, "{file}");
        }
        Ok(())
    }
}
