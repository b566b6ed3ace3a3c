//! A Rust toolchain that builds for another processor, out of Debian's archive: for machines on which
//! rustup can not fetch a standard library.
//!
//! It is rustc, its libraries down to the C library, and the standard libraries of both processors,
//! unpacked into a folder and started by the loader in it. Nothing is installed, and cargo, clang and
//! the linker stay those of the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bpfapps_task::{Arch, cache, out};

use crate::kernels::debian::Archive;
use crate::kernels::files::extract;

/// rustc, and what a package manager would not need to be asked for.
const COMPILER: &str = "^rustc$";
const LIBRARY: &str = "libstd-rust-dev";

/// Downloads the toolchain that builds for `arch`, and returns the folder of it.
///
/// # Errors
///
/// The archive is out of reach, or has no such toolchain.
pub fn rust(arch: Arch) -> Result<PathBuf> {
    let host = Arch::here().context("Debian's rustc is known for x86-64 and arm64 only")?;
    let cache = cache::folder()?;
    let folder = cache.join(format!("rust-{arch}"));
    out::note(format_args!(
        "rustup can not fetch {}: keeping Debian's rustc in {}",
        arch.triple(),
        folder.display()
    ));
    let [own, other] = [host, arch].map(|arch| Archive::open(&cache, arch));
    let (own, other) = (own?, other?);
    let compiler = own.packages(COMPILER)?.pop();
    let compiler = compiler.context("the archive has no rustc")?;
    let library = other.packages(&format!("^{LIBRARY}$"))?;
    let library = library.into_iter().rfind(|it| it.is_of(&compiler));
    let library = library.with_context(|| {
        format!("the archive has no {LIBRARY} for {arch} of the same version as rustc")
    })?;

    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).context("failed to clear the cache")?;
    }
    let archives = fresh.join("archives");
    fs::create_dir_all(&archives).context("failed to create the cache folder")?;
    // what it depends on besides would be a C compiler
    own.fetch(&compiler, &archives.join("rustc.deb"))?;
    other.fetch(&library, &archives.join("library.deb"))?;
    own.fetch_all(LIBRARY, &archives)?;
    for entry in fs::read_dir(&archives).context("failed to read the cache")? {
        let deb = entry?.path();
        if deb.extension().is_some_and(|it| it == "deb") {
            extract(&deb, &fresh)?;
        }
    }
    fs::remove_dir_all(&archives).context("failed to clear the cache")?;
    fs::remove_dir_all(fresh.join("usr/share")).context("failed to clear the cache")?;
    start_script(&fresh, &folder, host)?;
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to clear the cache")?;
    }
    fs::rename(&fresh, &folder).context("failed to write the cache")?;
    Ok(folder)
}

/// The program `rustc`, which works once the folder is at `place`.
fn start_script(folder: &Path, place: &Path, host: Arch) -> Result<()> {
    let usr = place.join("usr").display().to_string();
    let libraries = format!("{usr}/lib/{}", host.gnu());
    let loader = match host {
        Arch::Amd64 => "ld-linux-x86-64.so.2",
        Arch::Arm64 => "ld-linux-aarch64.so.1",
    };
    let script = format!(
        "#!/bin/sh\nexec '{libraries}/{loader}' --library-path '{libraries}' \
         '{usr}/bin/rustc' --sysroot '{usr}' \"$@\"\n"
    );
    let file = folder.join("rustc");
    fs::write(&file, script)
        .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o755)))
        .context("failed to write the cache")
}
