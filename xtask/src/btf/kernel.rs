//! `cargo xtask btf kernel`: a kernel without BTF, and the types that its debugging symbols have, to
//! try a bundle with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_host::shell;
use bpfapps_task::workspace::Workspace;
use bpfapps_task::{Arch, Series};
use bpfapps_vm::Source;

use crate::setup::{self, Stage};
use crate::{out, progress};

/// What the kernel has; all else is left out.
const CONFIG: &str = include_str!("kernel.config");

/// Maximum lines of a failed command to show.
const TAIL: usize = 20;

/// The files that are kept.
struct Kernel {
    folder: PathBuf,
    image: PathBuf,
    /// The same kernel in ELF, with BTF.
    types: PathBuf,
    /// The configuration that they were built with, written last.
    config: PathBuf,
}

pub(super) fn run(series: &Series) -> Result<()> {
    let kernels = Workspace::here()?.target().join("kernel");
    let kernel = Kernel::in_folder(kernels.join(series.to_string()));
    if !kernel.is_there() {
        kernel.build(series)?;
    }
    out::result(format_args!("{}  without BTF", kernel.image.display()))?;
    out::result(format_args!("{}  with BTF", kernel.types.display()))?;
    out::note(format_args!(
        "next: {}\n      {}",
        kernel.bundling(),
        kernel.booting()
    ));
    Ok(())
}

impl Kernel {
    fn in_folder(folder: PathBuf) -> Self {
        Self {
            image: folder.join("bzImage"),
            types: folder.join("vmlinux"),
            config: folder.join("config"),
            folder,
        }
    }

    fn is_there(&self) -> bool {
        let built_with = fs::read_to_string(&self.config);
        built_with.is_ok_and(|config| config == CONFIG)
    }

    fn bundling(&self) -> String {
        let words = ["cargo", "xtask", "btf", "bundle", "--btf"].map(str::as_ref);
        shell::command(&[&words, &[self.types.as_os_str()][..]].concat())
    }

    fn booting(&self) -> String {
        let words = ["cargo", "xtask", "vm", "--image"].map(str::as_ref);
        let command = shell::command(&[&words, &[self.image.as_os_str()][..]].concat());
        format!("{command} --file target/btf.bundle --")
    }

    /// Builds it in a folder that is removed again: it takes some gigabytes.
    fn build(&self, series: &Series) -> Result<()> {
        if Arch::here() != Some(Arch::Amd64) {
            return Err(out::hinted(
                "the configuration of this kernel is for x86-64, which this machine is not",
                "take a kernel of yours, and BTF of its debugging symbols: pahole --btf_encode vmlinux",
            ));
        }
        setup::ensure(Stage::Kernel)?;
        let work = self.folder.join("build");
        remove(&self.folder)?;
        let source = Source::unpack(series, &[], &work)?;
        let objects = work.join("objects");
        fs::create_dir_all(&objects).context("failed to create the folder")?;
        fs::write(objects.join("wanted"), CONFIG).context("failed to write the configuration")?;

        let mut configure = make(&source, &objects);
        configure.args(["KCONFIG_ALLCONFIG=wanted", "allnoconfig"]);
        succeed("configuring the kernel", configure)?;
        let config = fs::read_to_string(objects.join(".config"));
        let config = config.context("failed to read the kernel's configuration")?;
        let lacking = lacking(CONFIG, &config);
        ensure!(
            lacking.is_empty(),
            "Linux {} does not take these lines of its configuration: {}",
            source.version,
            lacking.join(", ")
        );

        let jobs = thread::available_parallelism().map_or(1, usize::from);
        let mut build = make(&source, &objects);
        build.arg(format!("--jobs={jobs}")).arg("bzImage");
        let label = format!("building Linux {} without BTF", source.version);
        succeed(&label, build)?;

        let symbols = objects.join("vmlinux");
        let mut pahole = Command::new("pahole");
        pahole.arg("--btf_encode").arg(&symbols);
        succeed("making BTF of its debugging symbols", pahole)?;
        let mut strip = Command::new("strip");
        strip
            .arg("--strip-debug")
            .arg("-o")
            .args([&self.types, &symbols]);
        succeed("leaving out the symbols", strip)?;
        fs::copy(objects.join("arch/x86/boot/bzImage"), &self.image)
            .context("failed to keep the kernel")?;
        remove(&work)?;
        fs::write(&self.config, CONFIG).context("failed to keep the configuration")
    }
}

fn make(source: &Source, objects: &Path) -> Command {
    let mut make = Command::new("nice");
    make.args(["make", "ARCH=x86_64", "-C"]).arg(&source.folder);
    make.arg(format!("O={}", objects.display()));
    make
}

/// Runs it, and shows the end of its output where it fails.
fn succeed(label: &str, command: Command) -> Result<()> {
    let ended = progress::watch(label, command)?;
    if !ended.status.success() {
        out::note(ended.tail(TAIL));
        bail!("{label} failed: {}", ended.status);
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        let failed = || format!("failed to remove {}", folder.display());
        fs::remove_dir_all(folder).with_context(failed)?;
    }
    Ok(())
}

/// The options that a configuration does not have as they are wanted: make leaves out in silence
/// what it does not know, and what depends on an option that is off.
fn lacking<'a>(wanted: &'a str, config: &str) -> Vec<&'a str> {
    let is_option = |line: &&str| line.starts_with("CONFIG_") || line.ends_with(" is not set");
    let options = wanted.lines().filter(is_option);
    let lacks = |option: &&str| match option.strip_prefix("# ") {
        // one that does not exist is not set either
        Some(unset) => {
            let name = unset.trim_end_matches(" is not set");
            config
                .lines()
                .any(|line| line.split('=').next() == Some(name))
        }
        None => !config.lines().any(|line| line == *option),
    };
    options.filter(lacks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_make_leaves_out_is_named() {
        let wanted = "# words\nCONFIG_NET=y\nCONFIG_VETH=y\n# CONFIG_IPV6 is not set\n\
            # CONFIG_OLD is not set\nCONFIG_NAME=\"a\"\n";
        let config = "CONFIG_NET=y\n# CONFIG_VETH is not set\nCONFIG_IPV6=y\nCONFIG_NAME=\"b\"\n";
        assert_eq!(
            lacking(wanted, config),
            [
                "CONFIG_VETH=y",
                "# CONFIG_IPV6 is not set",
                "CONFIG_NAME=\"a\""
            ]
        );
        assert!(lacking(wanted, wanted).is_empty());
    }
}
