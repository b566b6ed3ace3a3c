//! `cargo xtask vmlinux`: the kernel's types as a C header, from its BTF.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_host::Release;
use bpfapps_host::hooks::btf;
use bpfapps_host::platform::kernel_arch;
use bpfapps_task::workspace::Workspace;
use clap::Args;
use clap::error::ErrorKind;

#[cfg(not(feature = "vmlinux"))]
use crate::again;
#[cfg(feature = "vmlinux")]
use crate::progress::Step;
use crate::setup::{self, Stage};
use crate::{cargo, out};

const RUNNING: &str = btf::KERNEL;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A kernel's BTF, or the vmlinux that holds it
    #[arg(long, value_name = "FILE", default_value = RUNNING)]
    btf: PathBuf,
    /// The architecture of that kernel, as the kernel calls it [default: this machine's]
    #[arg(long, value_parser = ["arm", "arm64", "loongarch", "mips", "powerpc", "riscv", "s390", "x86"])]
    arch: Option<String>,
    /// The release of that kernel [default: the running kernel's]
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let btf = options.btf.as_path();
    let running = btf == Path::new(RUNNING);
    if !running && options.release.is_none() {
        usage("--btf FILE of another kernel needs its --release NAME");
    }
    let arch = options.arch.as_deref().unwrap_or(this_arch());
    if running && arch != this_arch() {
        usage(&format!(
            "{arch} is not this machine: it needs a --btf FILE"
        ));
    }
    let release = match &options.release {
        Some(name) => name.clone(),
        None => Release::running_name()?,
    };
    // before minutes of building
    File::open(btf).with_context(|| format!("failed to read {}", btf.display()))?;
    setup::ensure(Stage::Build)?;
    let header = generate(btf, &release)?;
    let workspace = Workspace::here()?;
    let path = place(workspace).join(arch).join("vmlinux.h");
    let is_new = !path.exists();
    replace(&path, &header)?;
    if is_new {
        forget(workspace)?;
    }
    let shown = path.strip_prefix(workspace.root()).unwrap_or(&path);
    out::result(format_args!(
        "{}: {release}, {} bytes",
        shown.display(),
        header.len()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder with the headers of all architectures: in this workspace bpf-build's, in others a
/// folder that bpf-build checks before its own.
fn place(workspace: &Workspace) -> PathBuf {
    let folder = match workspace.member_in("bpf-build") {
        Some(_) => "bpf-build/include/vmlinux",
        None => "vmlinux",
    };
    workspace.root().join(folder)
}

/// Rebuilds objects that were built with another header. cargo watches an existing header, but not
/// for a new one.
fn forget(workspace: &Workspace) -> Result<()> {
    let packages: Vec<_> = workspace.built_by_script().collect();
    if packages.is_empty() {
        // a clean of no package is one of all
        return Ok(());
    }
    let mut clean = cargo::cargo(["clean", "--quiet"]);
    clean.args(packages.iter().flat_map(|package| ["--package", package]));
    let status = clean.status().context("failed to run cargo")?;
    ensure!(status.success(), "cargo clean ended with {status}");
    Ok(())
}

fn usage(message: &str) -> ! {
    Options::augment_args(clap::Command::new("cargo xtask vmlinux"))
        .error(ErrorKind::MissingRequiredArgument, message)
        .exit()
}

/// This machine's architecture in the kernel's words, which name the folders.
pub fn this_arch() -> &'static str {
    kernel_arch(std::env::consts::ARCH)
}

/// The header is complete before it is written, so that an error or Ctrl-C does not damage the old
/// one.
#[cfg(feature = "vmlinux")]
fn generate(btf: &Path, release: &str) -> Result<Vec<u8>> {
    let step = Step::start("generating vmlinux.h");
    let spinner = step.spinner();
    let header = bpfapps_build::vmlinux::header(btf, release);
    spinner.finish_and_clear();
    step.close(if header.is_ok() { "done" } else { "failed" });
    header
}

/// This requires libbpf, which links libelf.
#[cfg(not(feature = "vmlinux"))]
fn generate(_: &Path, _: &str) -> Result<Vec<u8>> {
    Err(again::with("vmlinux"))
}

/// Puts a file in place in one step.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension(format!("h.{}", process::id()));
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&temporary, content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // report the first error
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("failed to write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_whole_and_nothing_beside_it() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("xtask-vmlinux-{}", process::id()));
        let path = dir.join("x86/vmlinux.h");
        replace(&path, b"old, and longer")?;
        replace(&path, b"new")?;
        assert_eq!(fs::read(&path)?, b"new");
        assert_eq!(fs::read_dir(dir.join("x86"))?.count(), 1);
        fs::remove_dir_all(dir)?;
        Ok(())
    }
}
