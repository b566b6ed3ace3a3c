//! Builds static binaries.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use bpfapps_task::cargo::{self, Built};
use bpfapps_task::workspace::Workspace;

use crate::apps::EXPORTERS;
use crate::{cc, elf};

/// The oldest glibc whose start-up code can relocate a static binary that has its relocations
/// packed: that makes it 4 % smaller.
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Builds the binary to ship, with these apps and, if wanted, their exporters, or with everything.
pub fn build(apps: &[String], exporters: bool) -> Result<Built> {
    let mut features = vec!["static"];
    features.extend(apps.iter().map(String::as_str));
    if exporters {
        features.extend(EXPORTERS);
    }
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
    link_statically(&mut command)?;
    Ok(command)
}

/// Has a `cargo build` link libelf, zlib and the C library into its programs.
pub(crate) fn link_statically(command: &mut Command) -> Result<()> {
    let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" -C target-feature=+crt-static");
    if glibc().is_some_and(|version| version >= PACKED_SINCE) {
        flags.push_str(" -C link-arg=-Wl,-z,pack-relative-relocs");
    }
    for name in cc::beside_libelf().unwrap_or_default() {
        flags.push_str(&format!(" -C link-arg=-l{name}"));
    }
    // with a --target, what runs while building is not linked statically
    command
        .args(["--target", &host()?])
        .env("RUSTFLAGS", flags.trim_start())
        .env("LIBBPF_SYS_LIBRARY_PATH", cc::libelf_folder()?);
    Ok(())
}

/// The C library whose static half is linked; `None` if it is not glibc.
fn glibc() -> Option<(u32, u32)> {
    let version = stdout(Command::new("getconf").arg("GNU_LIBC_VERSION")).ok()?;
    let version = String::from_utf8(version).ok()?;
    let (major, minor) = version.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
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
