//! Asks the C compiler and pkg-config about libraries.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::target::Target;

/// The path of a static library such as `libelf.a`, as the linker finds it.
pub fn archive(target: Target, name: &str) -> Option<PathBuf> {
    let found = target
        .compiler()
        .arg(format!("-print-file-name={name}"))
        .output()
        .ok()?;
    // the compiler answers with the bare name when it does not know the file
    let path = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim());
    if path.is_absolute() {
        path.canonicalize().ok()
    } else {
        None
    }
}

/// The folder of the static libelf.
pub fn libelf_folder(target: Target) -> Result<PathBuf> {
    let mut libelf = archive(target, "libelf.a").context("no libelf.a")?;
    libelf.pop();
    Ok(libelf)
}

/// The libraries that a static libelf needs besides libz, by name: newer versions need `zstd`.
/// `None` if pkg-config does not know libelf.
pub fn beside_libelf(target: Target) -> Option<Vec<String>> {
    let mut answer = Command::new("pkg-config");
    if let Target::Other(arch) = target {
        // those of this machine say nothing about it
        let folder = format!("/usr/lib/{}/pkgconfig", arch.gnu());
        answer.env("PKG_CONFIG_LIBDIR", folder);
    }
    let answer = answer
        .args(["--static", "--libs", "libelf"])
        .output()
        .ok()
        .filter(|answer| answer.status.success())?;
    Some(further(&String::from_utf8_lossy(&answer.stdout)))
}

/// libbpf-sys links elf and z by itself.
fn further(flags: &str) -> Vec<String> {
    flags
        .split_whitespace()
        .filter_map(|flag| flag.strip_prefix("-l"))
        .filter(|name| !["elf", "z"].contains(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::further;

    #[test]
    fn older_libelf_needs_nothing_more() {
        assert!(further("-lelf -lz \n").is_empty());
    }

    #[test]
    fn newer_libelf_needs_zstd() {
        assert_eq!(further("-L/opt/lib -lelf -lz -lzstd -pthread\n"), ["zstd"]);
    }
}
