//! Asks the C compiler and pkg-config about libraries.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

/// The C compiler, which the `CC` variable may choose.
pub fn compiler() -> Command {
    let chosen = env::var("CC").unwrap_or_default();
    // `CC="ccache gcc"` is a habit that the cc crate supports too
    let mut words = chosen.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words);
    command
}

/// The path of a static library such as `libelf.a`, as the linker finds it.
pub fn archive(name: &str) -> Option<PathBuf> {
    let found = compiler()
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
pub fn libelf_folder() -> Result<PathBuf> {
    let mut libelf = archive("libelf.a").context("no libelf.a")?;
    libelf.pop();
    Ok(libelf)
}

/// The libraries that a static libelf needs besides libz, by name: newer versions need `zstd`.
/// `None` if pkg-config does not know libelf.
pub fn beside_libelf() -> Option<Vec<String>> {
    let answer = Command::new("pkg-config")
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
