//! The names in BTF: they tell what a kernel is built with.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::files;

/// The running kernel's own BTF.
pub const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// A vmlinux with all its debug information is the largest file that has BTF in it, in bytes.
pub const LARGEST: u64 = 1 << 30;

/// One file for the kernel itself, and one for each module.
const FOLDER: &str = "/sys/kernel/btf";

/// The names of types, functions and constants in BTF, read without libbpf: they stand one behind
/// the other, with a zero behind each.
#[derive(Debug, Default)]
pub struct Names {
    files: Vec<Vec<u8>>,
}

impl Names {
    /// Those of the running kernel and its modules; none, where it shows no BTF.
    pub fn of_this_kernel() -> Self {
        let files = fs::read_dir(FOLDER).into_iter().flatten();
        Self {
            files: files
                .filter_map(|file| fs::read(file.ok()?.path()).ok())
                .collect(),
        }
    }

    /// Those in a file, which may be a vmlinux that has BTF in it.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub fn in_file(file: &Path) -> Result<Self> {
        Ok(Self {
            files: vec![files::read(file, LARGEST)?],
        })
    }

    #[cfg(test)]
    pub(super) fn in_memory(btf: &[u8]) -> Self {
        Self {
            files: vec![btf.to_vec()],
        }
    }

    /// Whether there is no BTF at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What follows `prefix` in the names that begin with it, each once.
    pub fn after(&self, prefix: &str) -> BTreeSet<&str> {
        self.all()
            .filter_map(|name| str::from_utf8(name).ok()?.strip_prefix(prefix))
            .collect()
    }

    /// Whether there is a type, function or constant of that name.
    pub fn has(&self, name: &str) -> bool {
        self.all().any(|one| one == name.as_bytes())
    }

    fn all(&self) -> impl Iterator<Item = &[u8]> {
        let files = self.files.iter();
        files.flat_map(|file| file.split(|byte| *byte == 0))
    }
}

/// Whether the kernel itself has a type, function or constant of that name. `None` where it shows no
/// BTF.
pub fn kernel_has(name: &str) -> Option<bool> {
    let names = Names::in_file(Path::new(KERNEL)).ok()?;
    Some(names.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_zeros() {
        let names = Names {
            files: vec![
                b"\0int\0btf_trace_b\0".to_vec(),
                b"btf_trace_a\0btf_trace_b".to_vec(),
            ],
        };
        assert_eq!(names.after("btf_trace_"), ["a", "b"].into());
        assert!(names.has("int") && !names.has("in"));
    }
}
