use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bpfapps_explain::{Code, Failure};
use libbpf_rs::btf::Btf;
use libbpf_rs::set_print;

/// The options that every app has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// Show the debug log of libbpf on stderr
    #[arg(short, long, global = true, display_order = 100)]
    pub verbose: bool,

    /// Read the kernel's types from FILE, where the kernel does not provide its own BTF
    #[arg(long, value_name = "FILE", global = true, display_order = 101)]
    pub btf: Option<PathBuf>,
}

/// libbpf would complain only while loading, and not about the file.
pub(super) fn check_btf(file: &Path) -> Result<()> {
    File::open(file).with_context(|| format!("failed to read {}", file.display()))?;
    let libbpf_log = set_print(None);
    let parsed = Btf::from_path(file);
    set_print(libbpf_log);
    match parsed {
        Ok(_) => Ok(()),
        // what libbpf gives for a reason is a number of its own
        Err(_) => bail!(
            Failure::new(
                format!("{} is no BTF file, and no ELF file with BTF in it", file.display()),
                "a BTF file is what /sys/kernel/btf/vmlinux is, or pahole --btf_encode_detached makes",
            )
            .code(Code::NOT_BTF)
        ),
    }
}
