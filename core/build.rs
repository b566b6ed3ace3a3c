//! From `src/bpf/trace.bpf.c` to the skeleton that `src/trace.rs` includes, and from a bundle of BTF
//! to what `src/session/types/bundled.rs` includes.

use std::path::Path;
use std::{env, fs, io};

/// `cargo xtask dist --btf-bundle` sets it.
const BUNDLE: &str = "BPFAPPS_BTF_BUNDLE";

fn main() -> io::Result<()> {
    bpfapps_build::skeleton("trace");
    println!("cargo::rerun-if-env-changed={BUNDLE}");
    let bundle = match env::var_os(BUNDLE) {
        Some(file) => {
            println!("cargo::rerun-if-changed={}", file.display());
            fs::read(file)?
        }
        None => Vec::new(),
    };
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&folder).join("btf.bundle"), bundle)
}
