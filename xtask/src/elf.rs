//! Checks that a binary needs nothing but the kernel.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The program header that names the dynamic loader.
const PT_INTERP: u32 = 3;

/// Refuses a binary that asks for a dynamic loader: it would need libraries of
/// the machine that it is copied to.
pub(crate) fn assert_static(path: &Path) -> Result<()> {
    let file = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    match is_static(&file) {
        Some(true) => Ok(()),
        Some(false) => bail!("{} is linked dynamically", path.display()),
        None => bail!("{} is not a 64-bit ELF file", path.display()),
    }
}

/// `None` if it is not an ELF file for a 64-bit machine like this one.
fn is_static(file: &[u8]) -> Option<bool> {
    if !file.starts_with(b"\x7fELF\x02") {
        return None;
    }
    // fields of Elf64_Ehdr, then p_type, which Elf64_Phdr begins with
    let start = usize::try_from(u64::from_ne_bytes(field(file, 0x20)?)).ok()?;
    let size = usize::from(u16::from_ne_bytes(field(file, 0x36)?));
    let count = usize::from(u16::from_ne_bytes(field(file, 0x38)?));
    for i in 0..count {
        let at = i.checked_mul(size)?.checked_add(start)?;
        if u32::from_ne_bytes(field(file, at)?) == PT_INTERP {
            return Some(false);
        }
    }
    Some(true)
}

fn field<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_text_nor_half_a_header() {
        assert_eq!(is_static(b"#!/bin/sh\n"), None);
        assert_eq!(is_static(b"\x7fELF\x02\x01\x01"), None);
    }

    #[test]
    #[cfg(not(target_feature = "crt-static"))]
    fn this_test_is_dynamic() -> Result<()> {
        let path = std::env::current_exe()?;
        assert_eq!(is_static(&fs::read(path)?), Some(false));
        Ok(())
    }
}
