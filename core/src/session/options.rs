use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::btf;
use bpfapps_host::{caller, files};
use libbpf_rs::btf::Btf;
use log::warn;
use nix::unistd::geteuid;

use super::logging::silently;
use super::types::{KernelTypes, Origin};

/// The options that every app has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Show the debug log of libbpf on stderr
    #[arg(short, long, global = true, display_order = 100)]
    pub verbose: bool,

    /// Read the kernel's types from FILE, if the kernel does not provide its own BTF
    #[arg(long, value_name = "FILE", global = true, display_order = 101)]
    pub btf: Option<PathBuf>,

    /// The option of [`Stream`](crate::Stream), in bytes, where an app has that.
    #[arg(skip)]
    pub ring_size: Option<u32>,
}

impl Options {
    /// The file with the kernel's types, if one is given and allowed. It determines what a program
    /// reads in the kernel, so if the kernel has BTF of its own, only root may override it.
    ///
    /// # Errors
    ///
    /// It can't be read, has no BTF in it, or is not one that this caller may name.
    pub fn types(&self) -> Result<Option<KernelTypes>> {
        let Some(named) = &self.btf else {
            return Ok(None);
        };
        if !geteuid().is_root() && Path::new(btf::KERNEL).exists() {
            warn!(
                "--btf is ignored: this kernel has BTF of its own, and only root may name another"
            );
            return Ok(None);
        }
        if caller::has_less() {
            files::is_roots_alone(named)?;
        }
        let types = KernelTypes {
            origin: Origin::Named(named.clone()),
            file: files::open(named, btf::LARGEST)?,
        };
        // libbpf would complain only while loading, and not about the file
        if silently(|| Btf::from_path(types.path())).is_err() {
            // what libbpf gives for a reason is a number of its own
            bail!(
                Failure::new(
                    format!("{} is neither a BTF file nor an ELF file with BTF", named.display()),
                    "a BTF file is what /sys/kernel/btf/vmlinux is, or pahole --btf_encode_detached \
                     makes",
                )
                .code(Code::NOT_BTF)
            );
        }
        Ok(Some(types))
    }
}
