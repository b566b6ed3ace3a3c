//! `cargo xtask vmlinux`: the kernel's types as a C header, from its BTF.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use bpfapps_host::Release;
use bpfapps_host::platform::kernel_arch;
use clap::Args;
use clap::error::ErrorKind;

use crate::progress::Step;
use crate::setup::{self, Stage};
use crate::{cargo, out};

const RUNNING: &str = "/sys/kernel/btf/vmlinux";

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
    // the generator runs in the root of the workspace, or elsewhere
    let btf = btf.canonicalize().context("failed to find the BTF file")?;

    setup::ensure(Stage::Build)?;
    let generator = cargo::build(
        "the vmlinux.h generator",
        &mut cargo::cargo(["build", "--package", "bpfapps-build", "--bin", "vmlinux"]),
    )?;
    let generated = generate(
        Command::new(generator.program)
            .arg("--btf")
            .arg(btf)
            .args(["--release", &release]),
    )?;
    let Some(header) = generated else {
        return Ok(ExitCode::FAILURE);
    };

    let path = format!("bpf-build/include/vmlinux/{arch}/vmlinux.h");
    replace(&cargo::root().join(&path), &header)?;
    out::result(format_args!("{path}: {release}, {} bytes", header.len()))?;
    Ok(ExitCode::SUCCESS)
}

fn usage(message: &str) -> ! {
    Options::augment_args(clap::Command::new("cargo xtask vmlinux"))
        .error(ErrorKind::MissingRequiredArgument, message)
        .exit()
}

/// This machine's architecture in the kernel's words, which name the folders.
pub(crate) fn this_arch() -> &'static str {
    kernel_arch(std::env::consts::ARCH)
}

/// The whole header is taken before any of it is written: an error or Ctrl-C
/// leaves the old one alone.
fn generate(generator: &mut Command) -> Result<Option<Vec<u8>>> {
    let step = Step::start("generating vmlinux.h");
    let spinner = step.spinner();
    let ended = generator.stderr(Stdio::inherit()).output();
    spinner.finish_and_clear();
    let ended = ended.context("failed to run the vmlinux.h generator")?;
    step.end(ended.status);
    // why it failed, the generator has said itself
    Ok(ended.status.success().then_some(ended.stdout))
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
        // the first error is the one to tell
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
